(** The real numbers, by the standard library's axioms. *)

From Coq Require Import Reals Qreals QArith ZArith List Lra RIneq.
From Relucirc Require Import Statement Laws Claims Cells Points.
Import ListNotations.

Definition Rleb (a b : R) : bool := if Rle_dec a b then true else false.

Definition reals : numbers :=
  {| carrier := R; rat := Q2R; int := IZR; add := Rplus; sub := Rminus; mul := Rmult; opp := Ropp;
     max := Rmax; min := Rmin; abs := Rabs; le := Rle; lt := Rlt; eqn := eq; leb := Rleb |}.

Local Open Scope R_scope.

Lemma reals_laws : laws reals.
Proof.
  split; simpl.
  - constructor; intros; simpl; ring.
  - apply Rle_refl.
  - apply Rle_trans.
  - apply Rle_antisym.
  - intros a b. destruct (Rle_or_lt a b); auto.
  - apply Rlt_le.
  - intros a b. apply Rlt_not_le.
  - intros a b c H. lra.
  - intros a b. apply Rmult_le_pos.
  - apply Rmax_left.
  - apply Rmax_right.
  - apply Rmin_left.
  - apply Rmin_right.
  - intros a. unfold Rabs, Rmax. destruct (Rcase_abs a), (Rle_dec a (- a)); lra.
  - tauto.
  - intros a b. unfold Rleb. destruct (Rle_dec a b); split; auto; discriminate.
  - apply Q2R_plus.
  - apply Q2R_mult.
  - apply Qeq_eqR.
  - apply Qle_Rle.
  - apply Qlt_Rlt.
  - intros z. unfold Q2R. simpl. rewrite Rinv_1. ring.
Qed.

(** A network that the checker accepts equals what it is compared with at every real point of the domain. *)
Theorem equal_on_reals n net r d p : check n net (Equals r) d p = true ->
  forall x, length x = n -> inside reals d x -> run reals net x = referred reals x r.
Proof. exact (check_sound reals reals_laws n net (Equals r) d p). Qed.

(** It is within [eps] of them. *)
Theorem within_on_reals n net eps r d p : check n net (Within eps r) d p = true ->
  forall x, length x = n -> inside reals d x ->
  Forall2 (fun y f => Rabs (y - f) <= number reals eps) (run reals net x) (referred reals x r).
Proof. exact (check_sound reals reals_laws n net (Within eps r) d p). Qed.

Lemma says_reals x c : says reals x c <-> truth reals x c = true.
Proof.
  apply says_truth; simpl.
  - apply (leb_le reals reals_laws).
  - intros a b. split; [apply Rlt_not_le | apply Rnot_le_lt].
  - intros a b. split; [intros ->; split; apply Rle_refl | intros [H1 H2]; now apply Rle_antisym].
Qed.

(** A condition holds, whatever the outputs are called. *)
Theorem holds_on_reals n net c d p : check n net (Holds c) d p = true ->
  forall x y, length x = n -> inside reals d x -> run reals net x = y -> says reals (x ++ y) c.
Proof. intros H x y Len D <-. apply says_reals. exact (check_sound reals reals_laws n net (Holds c) d p H x Len D). Qed.

Theorem differ_on_reals net r d x y : check_broken net (Equals r) d x y = true ->
  inside reals d (map Q2R x) /\
  run reals net (map Q2R x) <> referred reals (map Q2R x) r.
Proof. intros H. apply (broken_sound reals reals_laws) in H as (I & Y & N). simpl in *. now rewrite Y. Qed.

Theorem apart_on_reals net eps r d x y : check_broken net (Within eps r) d x y = true ->
  inside reals d (map Q2R x) /\
  ~ Forall2 (fun y f => Rabs (y - f) <= number reals eps) (run reals net (map Q2R x)) (referred reals (map Q2R x) r).
Proof. intros H. apply (broken_sound reals reals_laws) in H as (I & Y & N). simpl in *. now rewrite Y. Qed.

Theorem fails_on_reals net c d x y : check_broken net (Holds c) d x y = true ->
  inside reals d (map Q2R x) /\ run reals net (map Q2R x) = map Q2R y /\ ~ says reals (map Q2R x ++ map Q2R y) c.
Proof.
  intros H. apply (broken_sound reals reals_laws) in H as (I & Y & N). split; trivial. split; trivial.
  now rewrite says_reals.
Qed.
