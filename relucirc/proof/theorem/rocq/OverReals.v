(** The real numbers, by the standard library's axioms. *)

From Coq Require Import Reals Qreals QArith ZArith List Lra RIneq.
From Relucirc Require Import Statement Laws Cells Points.
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

(** A network that the checker accepts equals the formulas at every real point of the domain. *)
Theorem equal_on_reals n net formulas d p : check n net formulas d p = true ->
  forall x, length x = n -> inside reals d x -> run reals net x = map (value reals x) formulas.
Proof. exact (check_sound reals reals_laws n net formulas d p). Qed.

Theorem differ_on_reals net formulas d x : check_differ net formulas d x = true ->
  inside reals d (map Q2R x) /\
  run reals net (map Q2R x) <> map (value reals (map Q2R x)) formulas.
Proof. exact (differ_sound reals reals_laws net formulas d x). Qed.
