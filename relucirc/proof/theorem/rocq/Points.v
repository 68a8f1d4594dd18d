(** The same network over two kinds of numbers; and values at rational points, found by computation. *)

From Coq Require Import List ZArith QArith Qminmax Qabs Bool Ring Lia.
From Relucirc Require Import Statement Laws Forms Lowering Claims.
Import ListNotations.

(** A relation between numbers of two kinds that all operations keep. *)
Record related (A B : numbers) (R : A -> B -> Prop) : Prop := {
  rel_rat : forall q, R (rat A q) (rat B q);
  rel_int : forall z, R (int A z) (int B z);
  rel_add : forall a b c d, R a b -> R c d -> R (add A a c) (add B b d);
  rel_sub : forall a b c d, R a b -> R c d -> R (sub A a c) (sub B b d);
  rel_mul : forall a b c d, R a b -> R c d -> R (mul A a c) (mul B b d);
  rel_opp : forall a b, R a b -> R (opp A a) (opp B b);
  rel_max : forall a b c d, R a b -> R c d -> R (max A a c) (max B b d);
  rel_min : forall a b c d, R a b -> R c d -> R (min A a c) (min B b d);
  rel_abs : forall a b, R a b -> R (abs A a) (abs B b);
  rel_le : forall a b c d, R a b -> R c d -> le A a c -> le B b d;
  rel_lt : forall a b c d, R a b -> R c d -> lt A a c -> lt B b d;
  rel_eqn : forall a b c d, R a b -> R c d -> eqn A a c -> eqn B b d;
  rel_leb : forall a b c d, R a b -> R c d -> leb A a c = leb B b d
}.

Section Related.
  Variables A B : numbers.
  Variable R : A -> B -> Prop.
  Hypothesis H : related A B R.

  Lemma nth_related i x y : Forall2 R x y -> R (nth i x (int A 0)) (nth i y (int B 0)).
  Proof.
    intros F. revert i. induction F as [| a b x y E F IH]; intros [| i]; simpl; trivial; apply (rel_int _ _ _ H).
  Qed.

  Lemma map_related {C} (f : C -> A) (g : C -> B) l : (forall c, R (f c) (g c)) -> Forall2 R (map f l) (map g l).
  Proof. intros E. induction l; simpl; constructor; trivial. Qed.

  Lemma affine_related l x y : Forall2 R x y -> Forall2 R (affine A l x) (affine B l y).
  Proof.
    intros F. apply map_related. intros [row b]. unfold neuron; simpl. induction row as [| [i w] row IH]; simpl.
    - apply (rel_rat _ _ _ H).
    - apply (rel_add _ _ _ H); trivial. apply (rel_mul _ _ _ H); [apply (rel_rat _ _ _ H) |]. now apply nth_related.
  Qed.

  Lemma relu_related x y : Forall2 R x y -> Forall2 R (map (relu A) x) (map (relu B) y).
  Proof.
    induction 1; simpl; constructor; trivial. apply (rel_max _ _ _ H); trivial. apply (rel_int _ _ _ H).
  Qed.

  Lemma run_related net x y : Forall2 R x y -> Forall2 R (run A net x) (run B net y).
  Proof.
    revert x y. induction net as [| l [| l' net] IH]; intros x y F; trivial.
    - now apply affine_related.
    - change (Forall2 R (run A (l' :: net) (map (relu A) (affine A l x)))
        (run B (l' :: net) (map (relu B) (affine B l y)))).
      apply IH. now apply relu_related, affine_related.
  Qed.

  Lemma insert_related a b x y : R a b -> Forall2 R x y -> Forall2 R (insert A a x) (insert B b y).
  Proof.
    intros E F. revert a b E. induction F as [| c d x y G F IH]; simpl; intros a b E; auto.
    constructor; [now apply (rel_min _ _ _ H) |]. apply IH. now apply (rel_max _ _ _ H).
  Qed.

  Lemma sort_related x y : Forall2 R x y -> Forall2 R (sort A x) (sort B y).
  Proof. induction 1; simpl; auto. now apply insert_related. Qed.

  Lemma value_related x y : Forall2 R x y ->
    (forall e, R (value A x e) (value B y e)) /\
    (forall es, Forall2 R (values A x es) (values B y es)) /\
    (forall c, truth A x c = truth B y c).
  Proof.
    intros F. apply formulas_ind; try (intros; simpl; constructor; trivial; fail).
    - intros i. now apply nth_related.
    - intros z. apply (rel_int _ _ _ H).
    - intros q. apply (rel_rat _ _ _ H).
    - intros. now apply (rel_add _ _ _ H).
    - intros. now apply (rel_sub _ _ _ H).
    - intros. now apply (rel_mul _ _ _ H).
    - intros. now apply (rel_opp _ _ _ H).
    - intros. now apply (rel_max _ _ _ H).
    - intros. now apply (rel_min _ _ _ H).
    - intros. now apply (rel_abs _ _ _ H).
    - intros k es E. apply (nth_related (pred k) (sort A (values A x es)) (sort B (values B y es))).
      now apply sort_related.
    - intros c E a Ea b Eb.
      change (R (if truth A x c then value A x a else value A x b) (if truth B y c then value B y a else value B y b)).
      rewrite E. now destruct (truth B y c).
    - intros. now apply (rel_leb _ _ _ H).
    - intros a Ea b Eb. change (negb (leb A (value A x b) (value A x a)) = negb (leb B (value B y b) (value B y a))).
      f_equal. now apply (rel_leb _ _ _ H).
    - intros a Ea b Eb.
      change (leb A (value A x a) (value A x b) && leb A (value A x b) (value A x a) =
        leb B (value B y a) (value B y b) && leb B (value B y b) (value B y a)).
      f_equal; now apply (rel_leb _ _ _ H).
    - intros c E. change (negb (truth A x c) = negb (truth B y c)). now rewrite E.
    - intros c E d G. change (truth A x c && truth A x d = truth B y c && truth B y d). now rewrite E, G.
    - intros c E d G. change (truth A x c || truth A x d = truth B y c || truth B y d). now rewrite E, G.
  Qed.

  Lemma formulas_related x y fs : Forall2 R x y -> Forall2 R (map (value A x) fs) (map (value B y) fs).
  Proof. intros F. apply map_related. intros e. now apply value_related. Qed.

  Lemma referred_related x y r : Forall2 R x y -> Forall2 R (referred A x r) (referred B y r).
  Proof. intros F. destruct r; [now apply formulas_related | now apply run_related]. Qed.

  Lemma inside_related d x y : Forall2 R x y -> inside A d x -> inside B d y.
  Proof.
    intros F [D I]. destruct (value_related x y F) as [V _]. split.
    - eapply Forall_impl; [| exact D]. intros [a b | a b | a b]; simpl.
      + now apply (rel_le _ _ _ H).
      + now apply (rel_lt _ _ _ H).
      + now apply (rel_eqn _ _ _ H).
    - eapply Forall_impl; [| exact I]. intros i [z Hz]. exists z. revert Hz.
      apply (rel_eqn _ _ _ H); [now apply nth_related | apply (rel_int _ _ _ H)].
  Qed.
End Related.

(** * Rational points *)

Definition rationals : numbers :=
  {| carrier := Q; rat := fun q => q; int := inject_Z; add := Qplus; sub := Qminus; mul := Qmult; opp := Qopp;
     max := Qmax; min := Qmin; abs := Qabs; le := Qle; lt := Qlt; eqn := Qeq; leb := Qle_bool |}.

(** The same, in lowest terms after every operation: else fractions grow with every layer of a network. *)
Definition reduced : numbers :=
  {| carrier := Q; rat := Qred; int := inject_Z; add := qadd; sub := fun a b => qadd a (Qopp b); mul := qmul;
     opp := Qopp; max := Qmax; min := Qmin; abs := Qabs; le := Qle; lt := Qlt; eqn := Qeq; leb := Qle_bool |}.

Lemma reduced_related : related rationals reduced Qeq.
Proof.
  split; cbn [rationals reduced carrier rat int add sub mul opp max min abs le lt eqn leb].
  - intros q. symmetry. apply Qred_correct.
  - intros z. reflexivity.
  - intros a b c d H G. now rewrite qadd_correct, H, G.
  - intros a b c d H G. now rewrite qadd_correct, H, G.
  - intros a b c d H G. now rewrite qmul_correct, H, G.
  - intros a b H. now rewrite H.
  - intros a b c d H G. now apply Q.max_compat.
  - intros a b c d H G. now apply Q.min_compat.
  - intros a b H. now rewrite H.
  - intros a b c d H G. now rewrite H, G.
  - intros a b c d H G. now rewrite H, G.
  - intros a b c d H G E. now rewrite <- H, <- G.
  - intros a b c d H G. apply eq_true_iff_eq. now rewrite !Qle_bool_iff, H, G.
Qed.

Section Points.
  Variable K : numbers.
  Hypothesis L : laws K.
  Add Ring K_ring : (ring_laws K L).

  Lemma Qle_or p q : (p <= q)%Q \/ (q <= p)%Q.
  Proof. destruct (Qlt_le_dec p q); auto. left. now apply Qlt_le_weak. Qed.

  Lemma rat_leb p q : Qle_bool p q = leb K (rat K p) (rat K q).
  Proof.
    destruct (Qle_bool p q) eqn:E; symmetry.
    - apply (leb_le K L), (rat_le K L). now apply Qle_bool_iff.
    - destruct (leb K (rat K p) (rat K q)) eqn:B; trivial. apply (leb_le K L) in B. exfalso.
      apply (fun H => lt_not_le K L _ _ H B). apply (rat_lt K L). apply Qnot_le_lt. intros N.
      apply Qle_bool_iff in N. congruence.
  Qed.

  Lemma points_related : related rationals K (fun q a => a = rat K q).
  Proof.
    assert (Min : forall p q, min K (rat K p) (rat K q) = rat K (Qmin p q)).
    { intros p q. destruct (Qle_or p q) as [H | H].
      - rewrite (min_l K L) by now apply (rat_le K L). apply (rat_eq K L). symmetry. now apply Q.min_l.
      - rewrite (min_r K L) by now apply (rat_le K L). apply (rat_eq K L). symmetry. now apply Q.min_r. }
    assert (Max : forall p q, max K (rat K p) (rat K q) = rat K (Qmax p q)).
    { intros p q. destruct (Qle_or p q) as [H | H].
      - rewrite (max_r K L) by now apply (rat_le K L). apply (rat_eq K L). symmetry. now apply Q.max_r.
      - rewrite (max_l K L) by now apply (rat_le K L). apply (rat_eq K L). symmetry. now apply Q.max_l. }
    assert (Opp : forall p, opp K (rat K p) = rat K (- p)) by (intros p; rewrite (rat_opp K L); ring).
    split; simpl; trivial; try (intros; subst; auto; fail).
    - intros z. symmetry. apply (rat_int K L).
    - intros p a q b -> ->. symmetry. apply (rat_add K L).
    - intros p a q b -> ->. unfold Qminus. rewrite (rat_add K L), <- Opp. ring.
    - intros p a q b -> ->. symmetry. apply (rat_mul K L).
    - intros p a ->. rewrite (abs_max K L), Opp, Max. apply (rat_eq K L).
      apply Qabs_case; intros H; [apply Q.max_l | apply Q.max_r].
      + apply Qle_trans with 0%Q; trivial. apply (Qopp_le_compat 0 p H).
      + apply Qle_trans with 0%Q; trivial. apply (Qopp_le_compat p 0 H).
    - intros p a q b -> ->. apply (rat_le K L).
    - intros p a q b -> ->. apply (rat_lt K L).
    - intros p a q b -> -> H. apply (eqn_eq K L). now apply (rat_eq K L).
    - intros p a q b -> ->. apply rat_leb.
  Qed.

  Lemma rat_injective p q : rat K p = rat K q -> (p == q)%Q.
  Proof.
    intros E. apply Qle_antisym; apply Qnot_lt_le; intros H; apply (rat_lt K L) in H; rewrite E in H;
      now apply (lt_irrefl K L) in H.
  Qed.
End Points.

(** Whether a point is of the domain, and the network's values [y] there break a claim. *)
Definition holds_at (x : list Q) (r : relation) : bool :=
  match r with
  | Leq a b => Qle_bool (value rationals x a) (value rationals x b)
  | Less a b => negb (Qle_bool (value rationals x b) (value rationals x a))
  | Equal a b => Qeq_bool (value rationals x a) (value rationals x b)
  end.

Definition integer_at (x : list Q) (i : nat) : bool := Pos.eqb (Qden (Qred (nth i x 0))) 1.

Fixpoint equal_lists (l r : list Q) : bool :=
  match l, r with
  | [], [] => true
  | p :: l', q :: r' => Qeq_bool p q && equal_lists l' r'
  | _, _ => false
  end.

Fixpoint near_lists (eps : Q) (l r : list Q) : bool :=
  match l, r with
  | [], [] => true
  | p :: l', q :: r' => Qle_bool (Qabs (p - q)) eps && near_lists eps l' r'
  | _, _ => false
  end.

Definition met_at (x y : list Q) (c : claim) : bool :=
  match c with
  | Equals r => equal_lists y (referred rationals x r)
  | Within eps r => near_lists (size eps) y (referred rationals x r)
  | Holds c => truth rationals (x ++ y) c
  end.

(** The same in lowest terms. *)
Definition met_quickly (x y : list Q) (c : claim) : bool :=
  match c with
  | Equals r => equal_lists y (referred reduced x r)
  | Within eps r => near_lists (size eps) y (referred reduced x r)
  | Holds c => truth reduced (x ++ y) c
  end.

Definition check_broken (net : list layer) (c : claim) (d : domain) (x y : list Q) : bool :=
  forallb (holds_at x) (relations d) && forallb (integer_at x) (integers d) &&
  equal_lists y (run reduced net x) && negb (met_quickly x y c).

Lemma same_points (x : list Q) : Forall2 Qeq x x.
Proof. induction x; constructor; trivial. reflexivity. Qed.

Lemma equal_lists_proper l r s : Forall2 Qeq r s -> equal_lists l r = equal_lists l s.
Proof.
  intros E. revert l. induction E as [| p q r s Epq E IH]; intros [| a l]; cbn [equal_lists near_lists]; trivial. rewrite IH. f_equal.
  apply eq_true_iff_eq. now rewrite !Qeq_bool_iff, Epq.
Qed.

Lemma near_lists_proper eps l r s : Forall2 Qeq r s -> near_lists eps l r = near_lists eps l s.
Proof.
  intros E. revert l. induction E as [| p q r s Epq E IH]; intros [| a l]; cbn [equal_lists near_lists]; trivial. rewrite IH. f_equal.
  apply eq_true_iff_eq. now rewrite !Qle_bool_iff, Epq.
Qed.

Lemma equal_lists_sym l : forall r, equal_lists l r = equal_lists r l.
Proof.
  induction l as [| p l IH]; intros [| q r]; cbn [equal_lists]; trivial. rewrite IH. f_equal.
  apply eq_true_iff_eq. rewrite !Qeq_bool_iff. split; intros E; now symmetry.
Qed.

Lemma check_broken_slowly net c d x y : check_broken net c d x y = true ->
  forallb (holds_at x) (relations d) && forallb (integer_at x) (integers d) &&
  equal_lists (run rationals net x) y && negb (met_at x y c) = true.
Proof.
  unfold check_broken. pose proof reduced_related as P. pose proof (same_points x) as X.
  rewrite <- (equal_lists_proper y _ _ (run_related _ _ _ P net _ _ X)), equal_lists_sym.
  replace (met_quickly x y c) with (met_at x y c); trivial.
  destruct c as [r | eps r | c]; cbn [met_at met_quickly].
  - apply equal_lists_proper, (referred_related _ _ _ P), X.
  - apply near_lists_proper, (referred_related _ _ _ P), X.
  - apply (value_related _ _ _ P (x ++ y) _ (same_points (x ++ y))).
Qed.

Lemma equal_lists_related K (L : laws K) l r :
  map (rat K) l = map (rat K) r -> equal_lists l r = true.
Proof.
  revert r. induction l as [| p l IH]; intros [| q r]; simpl; try discriminate; trivial.
  intros E. injection E as E1 E2. apply (rat_injective K L) in E1. rewrite (IH r E2), andb_true_r.
  now apply Qeq_bool_iff.
Qed.

Lemma rat_map K x y : Forall2 (fun q a => a = rat K q) x y -> y = map (rat K) x.
Proof. induction 1; simpl; congruence. Qed.

Lemma rat_points K (x : list Q) : Forall2 (fun q a => a = rat K q) x (map (rat K) x).
Proof. induction x; simpl; constructor; trivial. Qed.

Lemma inside_rationals d x : forallb (holds_at x) (relations d) = true ->
  forallb (integer_at x) (integers d) = true -> inside rationals d x.
Proof.
  rewrite !forallb_forall. intros D I. split; apply Forall_forall.
  - intros [a b | a b | a b] Hr; specialize (D _ Hr); simpl in *.
    + now apply Qle_bool_iff.
    + apply negb_true_iff in D. apply Qnot_le_lt. intros E. apply Qle_bool_iff in E. congruence.
    + now apply Qeq_bool_iff.
  - intros i Hi. specialize (I _ Hi). unfold integer_at in I. apply Pos.eqb_eq in I.
    exists (Qnum (Qred (nth i x 0))). simpl. change (inject_Z 0) with 0%Q.
    rewrite <- (Qred_correct (nth i x 0)) at 1. unfold inject_Z, Qeq. simpl. rewrite I. reflexivity.
Qed.

Lemma equal_lists_map K (L : laws K) l r : equal_lists l r = true -> map (rat K) l = map (rat K) r.
Proof.
  revert r. induction l as [| p l IH]; intros [| q r]; simpl; try discriminate; trivial.
  rewrite andb_true_iff. intros [H1 H2]. f_equal; [| now apply IH]. apply (rat_eq K L). now apply Qeq_bool_iff.
Qed.

Lemma near_lists_related K (L : laws K) eps l r :
  Forall2 (near K (rat K eps)) (map (rat K) l) (map (rat K) r) -> near_lists eps l r = true.
Proof.
  revert r. induction l as [| p l IH]; intros [| q r] H; simpl; inversion H as [| ? ? ? ? N F]; subst; trivial.
  rewrite (IH r F), andb_true_r. pose proof (points_related K L) as P.
  rewrite (rat_leb K L). apply (leb_le K L). unfold near in N.
  pose proof (rel_abs _ _ _ P _ _ (rel_sub _ _ _ P p (rat K p) q (rat K q) eq_refl eq_refl)) as E.
  simpl in E. now rewrite <- E.
Qed.

(** A refutation holds over any numbers. *)
Theorem broken_sound (K : numbers) (L : laws K) net c d x y :
  check_broken net c d x y = true ->
  inside K d (map (rat K) x) /\ run K net (map (rat K) x) = map (rat K) y /\
  ~ meets K (map (rat K) x) (map (rat K) y) c.
Proof.
  intros H. apply check_broken_slowly in H. rewrite !andb_true_iff, negb_true_iff in H. destruct H as [[[D I] Y] N].
  pose proof (points_related K L) as P. pose proof (rat_points K x) as X. split; [| split].
  - apply (inside_related _ _ _ P d x); trivial. now apply inside_rationals.
  - rewrite <- (equal_lists_map K L _ _ Y). apply (rat_map K). apply (run_related _ _ _ P net x _ X).
  - rewrite <- not_true_iff_false in N. intros E. apply N. clear N. destruct c as [r | eps r | c]; cbn [met_at meets] in *.
    + apply (equal_lists_related K L). rewrite E. apply (rat_map K), (referred_related _ _ _ P x _ r X).
    + apply (near_lists_related K L). rewrite (size_number K L), <- (rat_map K _ _ (referred_related _ _ _ P x _ r X)). exact E.
    + rewrite <- map_app in E. rewrite <- E.
      now apply (value_related _ _ _ P (x ++ y) _ (rat_points K (x ++ y))).
Qed.

Lemma equal_lists_Qeq l r : equal_lists l r = true -> Forall2 Qeq l r.
Proof.
  revert r. induction l as [| p l IH]; intros [| q r]; simpl; try discriminate; [constructor |].
  rewrite andb_true_iff. intros [H1 H2]. constructor; [now apply Qeq_bool_iff | now apply IH].
Qed.

Lemma Qeq_equal_lists l r : Forall2 Qeq l r -> equal_lists l r = true.
Proof. induction 1 as [| p q l r E F IH]; simpl; trivial. rewrite IH, andb_true_r. now apply Qeq_bool_iff. Qed.

Lemma near_near_lists eps l r : Forall2 (near rationals eps) l r -> near_lists eps l r = true.
Proof. induction 1 as [| p q l r E F IH]; simpl; trivial. rewrite IH, andb_true_r. now apply Qle_bool_iff. Qed.

Lemma says_rationals x c : says rationals x c <-> truth rationals x c = true.
Proof.
  apply says_truth; simpl.
  - apply Qle_bool_iff.
  - intros p q. split; [apply Qlt_not_le | apply Qnot_le_lt].
  - intros p q. split; [intros E; split; rewrite E; apply Qle_refl | intros [H1 H2]; now apply Qle_antisym].
Qed.

(** What it says over the rationals, where equal numbers may be written in different ways. *)
Lemma broken_on_rationals net c d x y : check_broken net c d x y = true ->
  inside rationals d x /\ Forall2 Qeq (run rationals net x) y /\ met_at x y c = false.
Proof.
  intros H. apply check_broken_slowly in H. rewrite !andb_true_iff, negb_true_iff in H. destruct H as [[[D I] Y] N].
  auto using inside_rationals, equal_lists_Qeq.
Qed.

Lemma equal_lists_trans l r s : Forall2 Qeq l r -> Forall2 Qeq l s -> Forall2 Qeq r s.
Proof.
  intros H. revert s. induction H as [| p q l r E F IH]; intros s G; inversion G; subst; constructor; auto.
  now rewrite <- E.
Qed.

Theorem differ_on_rationals net r d x y : check_broken net (Equals r) d x y = true ->
  inside rationals d x /\ ~ Forall2 Qeq (run rationals net x) (referred rationals x r).
Proof.
  intros H. apply broken_on_rationals in H as (I & Y & N). split; trivial. intros E.
  apply (equal_lists_trans _ _ _ Y) in E. apply Qeq_equal_lists in E. cbn [met_at] in N. congruence.
Qed.

Theorem apart_on_rationals net eps r d x y : check_broken net (Within eps r) d x y = true ->
  inside rationals d x /\
  ~ Forall2 (fun y f => Qabs (y - f) <= number rationals eps)%Q (run rationals net x) (referred rationals x r).
Proof.
  intros H. apply broken_on_rationals in H as (I & Y & N). split; trivial. intros E.
  assert (G : Forall2 (near rationals (size eps)) y (referred rationals x r)).
  { clear - Y E. revert E. generalize (referred rationals x r).
    induction Y as [| p q l l' Epq F IH]; intros s G; inversion G; subst; constructor; auto.
    unfold near, rationals; cbn [le abs sub]. rewrite <- Epq. now destruct eps. }
  apply near_near_lists in G. cbn [met_at] in N. congruence.
Qed.

Theorem fails_on_rationals net c d x y : check_broken net (Holds c) d x y = true ->
  inside rationals d x /\ Forall2 Qeq (run rationals net x) y /\ ~ says rationals (x ++ y) c.
Proof.
  intros H. apply broken_on_rationals in H as (I & Y & N). split; trivial. split; trivial.
  rewrite says_rationals. cbn [met_at] in N. congruence.
Qed.
