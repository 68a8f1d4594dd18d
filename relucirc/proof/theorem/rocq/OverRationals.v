(** The rational numbers, without axioms. *)

From Coq Require Import QArith Qcanon Qminmax Qabs ZArith List Bool Lia.
From Relucirc Require Import Statement Laws Claims Cells Points.
Import ListNotations.

(** Rationals in lowest terms, where equal numbers are the same. *)
Definition Qcleb (a b : Qc) : bool := Qle_bool a b.

Definition canonical : numbers :=
  {| carrier := Qc; rat := Q2Qc; int := fun z => Q2Qc (inject_Z z); add := Qcplus; sub := Qcminus; mul := Qcmult;
     opp := Qcopp; max := fun a b => if Qcleb a b then b else a; min := fun a b => if Qcleb a b then a else b;
     abs := fun a => if Qcleb a (- a)%Qc then (- a)%Qc else a;
     le := Qcle; lt := Qclt; eqn := eq; leb := Qcleb |}.

Lemma Qcleb_le a b : Qcleb a b = true <-> (a <= b)%Qc.
Proof. unfold Qcleb, Qcle. apply Qle_bool_iff. Qed.

Lemma Q2Qc_le p q : (p <= q)%Q -> (Q2Qc p <= Q2Qc q)%Qc.
Proof. unfold Qcle. simpl. now rewrite !Qred_correct. Qed.

Lemma Q2Qc_lt p q : (p < q)%Q -> (Q2Qc p < Q2Qc q)%Qc.
Proof. unfold Qclt. simpl. now rewrite !Qred_correct. Qed.

Lemma canonical_laws : laws canonical.
Proof.
  split; simpl.
  - exact Qcrt.
  - apply Qcle_refl.
  - apply Qcle_trans.
  - apply Qcle_antisym.
  - intros a b. destruct (Qclt_le_dec b a); auto.
  - apply Qclt_le_weak.
  - intros a b. apply Qclt_not_le.
  - intros a b c H. apply Qcplus_le_compat; trivial. apply Qcle_refl.
  - intros a b Ha Hb. change (0 <= a * b)%Qc. rewrite <- (Qcmult_0_l b). now apply Qcmult_le_compat_r.
  - intros a b H. destruct (Qcleb a b) eqn:E; trivial. apply Qcleb_le in E. now apply Qcle_antisym.
  - intros a b H. apply Qcleb_le in H. now rewrite H.
  - intros a b H. apply Qcleb_le in H. now rewrite H.
  - intros a b H. destruct (Qcleb a b) eqn:E; trivial. apply Qcleb_le in E. now apply Qcle_antisym.
  - trivial.
  - tauto.
  - apply Qcleb_le.
  - intros p q. apply Qc_is_canon. change (Qred (p + q) == Qred (Qred p + Qred q))%Q. now rewrite !Qred_correct.
  - intros p q. apply Qc_is_canon. change (Qred (p * q) == Qred (Qred p * Qred q))%Q. now rewrite !Qred_correct.
  - intros p q H. apply Qc_is_canon. change (Qred p == Qred q)%Q. now rewrite !Qred_correct.
  - apply Q2Qc_le.
  - apply Q2Qc_lt.
  - trivial.
Qed.

Lemma Qle_bool_proper p q r s : (p == q)%Q -> (r == s)%Q -> Qle_bool p r = Qle_bool q s.
Proof. intros H G. apply eq_true_iff_eq. rewrite !Qle_bool_iff, H, G. reflexivity. Qed.

Lemma canonical_related : related rationals canonical (fun q a => (q == this a)%Q).
Proof.
  split; cbn -[Qred Qplus Qminus Qmult Qopp Qmax Qmin Qabs inject_Z Qle Qlt Qeq Qle_bool].
  - intros q. now rewrite Qred_correct.
  - intros z. now rewrite Qred_correct.
  - intros p a q b H G. now rewrite Qred_correct, H, G.
  - intros p a q b H G. now rewrite Qred_correct, Qred_correct, H, G.
  - intros p a q b H G. now rewrite Qred_correct, H, G.
  - intros p a H. now rewrite Qred_correct, H.
  - intros p a q b H G. destruct (Qcleb a b) eqn:E.
    + apply Qcleb_le in E. unfold Qcle in E. rewrite <- H, <- G in E. now rewrite Q.max_r.
    + rewrite Q.max_l; trivial. apply Qlt_le_weak, Qnot_le_lt. rewrite H, G. intros N.
      apply Qle_bool_iff in N. unfold Qcleb in E. congruence.
  - intros p a q b H G. destruct (Qcleb a b) eqn:E.
    + apply Qcleb_le in E. unfold Qcle in E. rewrite <- H, <- G in E. now rewrite Q.min_l.
    + rewrite Q.min_r; trivial. apply Qlt_le_weak, Qnot_le_lt. rewrite H, G. intros N.
      apply Qle_bool_iff in N. unfold Qcleb in E. congruence.
  - intros p a H. destruct (Qcleb a (- a)) eqn:E.
    + apply Qcleb_le in E. change (a <= Qred (- a))%Q in E. change (Qabs p == Qred (- a))%Q.
      rewrite Qred_correct in *. rewrite <- H in *. rewrite Qabs_neg; [reflexivity |].
      destruct p as [m d]. unfold Qle, Qopp in *. simpl in *. nia.
    + assert (N : (- a < a)%Qc).
      { apply Qcnot_le_lt. intros N. apply Qcleb_le in N. congruence. }
      change (Qred (- a) < a)%Q in N. rewrite Qred_correct in N. rewrite <- H in *. rewrite Qabs_pos; [reflexivity |].
      destruct p as [m d]. unfold Qlt, Qle, Qopp in *. simpl in *. nia.
  - intros p a q b H G. unfold Qcle. now rewrite H, G.
  - intros p a q b H G. unfold Qclt. now rewrite H, G.
  - intros p a q b H G E. apply Qc_is_canon. now rewrite <- H, <- G.
  - intros p a q b H G. now apply Qle_bool_proper.
Qed.

Lemma points_canonical x : Forall2 (fun (q : Q) (a : Qc) => (q == this a)%Q) x (map Q2Qc x).
Proof. induction x; simpl; constructor; trivial. simpl. now rewrite Qred_correct. Qed.

(** What the checker accepts, in lowest terms: the point, and what the network makes of it. *)
Lemma met_in_lowest_terms n net c d p x : check n net c d p = true -> length x = n -> inside rationals d x ->
  exists y : list Qc, Forall2 (fun (q : Q) (a : Qc) => (q == this a)%Q) (run rationals net x) y /\
  meets canonical (map Q2Qc x) y c.
Proof.
  intros H Len D. pose proof canonical_related as P. pose proof (points_canonical x) as X.
  exists (run canonical net (map Q2Qc x)). split; [apply (run_related _ _ _ P net _ _ X) |].
  apply (check_sound canonical canonical_laws n net c d p H (map Q2Qc x)); [now rewrite length_of_map |].
  apply (inside_related _ _ _ P d _ _ X D).
Qed.

Lemma same_lowest_terms (l r : list Q) (y : list Qc) : Forall2 (fun (q : Q) (a : Qc) => (q == this a)%Q) l y ->
  Forall2 (fun (q : Q) (a : Qc) => (q == this a)%Q) r y -> Forall2 Qeq l r.
Proof.
  intros E. revert r. induction E as [| q a l' y' Eq E IH]; intros r F; inversion F; subst; constructor; auto.
  now rewrite Eq.
Qed.

(** A network that the checker accepts equals what it is compared with at every rational point of the domain. *)
Theorem equal_on_rationals n net r d p : check n net (Equals r) d p = true ->
  forall x, length x = n -> inside rationals d x ->
  Forall2 Qeq (run rationals net x) (referred rationals x r).
Proof.
  intros H x Len D. destruct (met_in_lowest_terms _ _ _ _ _ _ H Len D) as (y & E1 & E). simpl in E. subst y.
  pose proof (referred_related _ _ _ canonical_related _ _ r (points_canonical x)) as E2.
  now apply (same_lowest_terms _ _ _ E1).
Qed.

(** It is within [eps] of them. *)
Theorem within_on_rationals n net eps r d p : check n net (Within eps r) d p = true ->
  forall x, length x = n -> inside rationals d x ->
  Forall2 (fun y f => Qabs (y - f) <= number rationals eps)%Q (run rationals net x) (referred rationals x r).
Proof.
  intros H x Len D. destruct (met_in_lowest_terms _ _ _ _ _ _ H Len D) as (y & E1 & E). cbn [meets] in E.
  pose proof canonical_related as P.
  pose proof (referred_related _ _ _ P _ _ r (points_canonical x)) as E2.
  revert E1 E2 E. generalize (run rationals net x) (referred canonical (map Q2Qc x) r)
    (referred rationals x r). clear - P. intros l s r E1 E2 E. revert l r E1 E2.
  induction E as [| a b s' t' N E IH]; intros l r E1 E2; inversion E1 as [| p' ? l' ? G1];
    inversion E2 as [| q' ? r' ? G2]; subst; constructor; auto.
  assert (rel_number : forall eps, (number rationals eps == this (number canonical eps))%Q).
  { intros [z | q]; [apply (rel_int _ _ _ P) | apply (rel_rat _ _ _ P)]. }
  pose proof (rel_abs _ _ _ P _ _ (rel_sub _ _ _ P _ _ _ _ G1 G2)) as G.
  pose proof (rel_leb _ _ _ P _ _ _ _ G (rel_number eps)) as B.
  apply Qle_bool_iff. change (leb rationals (abs rationals (sub rationals p' q')) (number rationals eps) = true).
  rewrite B. now apply Qcleb_le.
Qed.

(** A condition holds, whatever the outputs are called. *)
Theorem holds_on_rationals n net c d p : check n net (Holds c) d p = true ->
  forall x y, length x = n -> inside rationals d x -> Forall2 Qeq (run rationals net x) y -> says rationals (x ++ y) c.
Proof.
  intros H x y Len D Y. destruct (met_in_lowest_terms _ _ _ _ _ _ H Len D) as (z & E1 & E). simpl in E.
  apply says_rationals. rewrite <- E. apply (value_related _ _ _ canonical_related).
  apply Forall2_app; [apply points_canonical |]. clear - Y E1. revert z E1.
  induction Y as [| p q l r Epq F IH]; intros z G; inversion G; subst; constructor; auto. now rewrite <- Epq.
Qed.
