(** Evidence, and what is known at one point: facts about linear forms, and non-negative combinations of them. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive.
From Relucirc Require Import Statement Laws Forms.
Import ListNotations.

(** How a form stands to 0. *)
Inductive sign := Positive | Nonnegative | Zero.

Definition known := (form * sign)%type.

(** Atom [k] is the maximum of 0 and its elements. *)
Definition atoms := table (list form).

(** A fact with a multiplier: an atom is at least its [j]-th element, the 0th being 0; or a constraint. *)
Inductive fact :=
| Element (atom : positive) (j : nat) (m : Q)
| Constraint (i : nat) (m : Q).

Definition may_scale (s : sign) (m : Q) : bool :=
  match s with Positive => negb (Qle_bool m 0) | Nonnegative => Qle_bool 0 m | Zero => true end.

Definition elements (M : atoms) (k : positive) : option (list form) := option_map (cons []) (find k M).

Definition fact_of (M : atoms) (cs : list known) (f : fact) : option (Q * known) :=
  match f with
  | Element k j m =>
    match elements M k with
    | Some l => option_map (fun e => (m, (minus (variable k) e, Nonnegative))) (nth_error l j)
    | None => None
    end
  | Constraint i m => option_map (fun c => (m, c)) (nth_error cs i)
  end.

Definition strict (s : sign) : bool := match s with Positive => true | _ => false end.

(** The sum of known forms times their multipliers, and whether it is known to be positive. *)
Fixpoint summed (facts : list (option (Q * known))) : option (form * bool) :=
  match facts with
  | [] => Some ([], false)
  | Some (m, (g, s)) :: rest =>
    match summed rest with
    | Some (total, b) => if may_scale s m then Some (axpy m g total, strict s || b) else None
    | None => None
    end
  | None :: _ => None
  end.

Definition gather (M : atoms) (cs : list known) (facts : list fact) : option (form * bool) :=
  summed (map (fact_of M cs) facts).

(** Whether the facts show that a form is not negative. *)
Definition nonnegative (M : atoms) (cs : list known) (target : form) (facts : list fact) : bool :=
  match gather M cs facts with
  | Some (total, _) => match fixed (minus target total) with Some c => Qle_bool 0 c | None => false end
  | None => false
  end.

(** Whether they show that it is positive. *)
Definition positive_form (M : atoms) (cs : list known) (target : form) (facts : list fact) : bool :=
  match gather M cs facts with
  | Some (total, b) =>
    match fixed (minus target total) with
    | Some c => (b && Qle_bool 0 c) || negb (Qle_bool c 0)
    | None => false
    end
  | None => false
  end.

Section Sound.
  Variable K : numbers.
  Hypothesis L : laws K.
  Add Ring K_ring : (ring_laws K L).

  Local Notation "0" := (int K 0%Z).
  Local Notation "1" := (int K 1%Z).
  Local Infix "+" := (add K).
  Local Infix "-" := (sub K).
  Local Infix "*" := (mul K).
  Local Infix "<=" := (le K).
  Local Infix "<" := (lt K).

  Definition true_at (v : env K) (c : known) : Prop :=
    match snd c with
    | Positive => 0 < eval K v (fst c)
    | Nonnegative => 0 <= eval K v (fst c)
    | Zero => eval K v (fst c) = 0
    end.

  Definition unit_at (v : env K) : Prop := v 1%positive = 1.

  Definition atoms_at (v : env K) (M : atoms) : Prop :=
    forall k l, find k M = Some l -> is_max K (map (eval K v) ([] :: l)) (v k).

  Definition all_at (v : env K) (cs : list known) : Prop := Forall (true_at v) cs.

  Variable v : env K.
  Hypothesis U : unit_at v.

  Lemma true_nonnegative c : true_at v c -> 0 <= eval K v (fst c).
  Proof.
    destruct c as [f []]; unfold true_at; simpl.
    - apply (lt_le K L).
    - trivial.
    - intros ->. apply (le_refl K L).
  Qed.

  Lemma scaled f s m : true_at v (f, s) -> may_scale s m = true ->
    0 <= rat K m * eval K v f /\ (strict s = true -> 0 < rat K m * eval K v f).
  Proof.
    destruct s; unfold true_at; simpl; intros H Hm.
    - apply negb_true_iff in Hm. assert (Hq : (0 < m)%Q).
      { apply Qnot_le_lt. intros N. apply Qle_bool_iff in N. congruence. }
      pose proof (lt_scale K L _ _ Hq H). split; auto. now apply (lt_le K L).
    - apply Qle_bool_iff in Hm. split; [now apply (le_scale K L) | discriminate].
    - rewrite H. replace (rat K m * 0) with 0 by ring. split; [apply (le_refl K L) | discriminate].
  Qed.

  Lemma elements_at M k l : atoms_at v M -> elements M k = Some l -> is_max K (map (eval K v) l) (v k).
  Proof.
    intros A. unfold elements. destruct (find k M) eqn:E; try discriminate. intros [= <-]. now apply (A k).
  Qed.

  Lemma fact_true M cs f m c : atoms_at v M -> all_at v cs -> fact_of M cs f = Some (m, c) -> true_at v c.
  Proof.
    intros A C. destruct f as [k j q | i q]; simpl.
    - destruct (elements M k) as [l |] eqn:E; try discriminate.
      destruct (nth_error l j) eqn:N; try discriminate. intros [= <- <-].
      unfold true_at; simpl. rewrite (eval_minus K L), (eval_variable K L).
      apply (sub_le K L). apply (elements_at M k l A E). apply in_map. eapply nth_error_In; eauto.
    - destruct (nth_error cs i) eqn:N; try discriminate. intros [= <- <-].
      apply nth_error_In in N. unfold all_at in C. rewrite Forall_forall in C. auto.
  Qed.

  Lemma summed_sound facts total b : (forall m c, In (Some (m, c)) facts -> true_at v c) ->
    summed facts = Some (total, b) -> 0 <= eval K v total /\ (b = true -> 0 < eval K v total).
  Proof.
    revert total b. induction facts as [| [[m [g s]] |] facts IH]; simpl; intros total b F; try discriminate.
    - intros [= <- <-]. split; [apply (le_refl K L) | discriminate].
    - destruct (summed facts) as [[t b'] |]; try discriminate.
      destruct (may_scale s m) eqn:S; try discriminate. intros [= <- <-].
      destruct (IH t b' (fun m c H => F m c (or_intror H)) eq_refl) as [H1 H2].
      destruct (scaled g s m (F m _ (or_introl eq_refl)) S) as [H3 H4].
      rewrite (eval_axpy K L). split; [now apply (le_add K L) |].
      intros E. destruct (strict s); [now apply (lt_add K L); auto |].
      simpl in E. set (a := rat K m * eval K v g) in *. replace (a + eval K v t) with (eval K v t + a) by ring.
      apply (lt_add K L); auto.
  Qed.

  Lemma gather_sound M cs facts total b : atoms_at v M -> all_at v cs -> gather M cs facts = Some (total, b) ->
    0 <= eval K v total /\ (b = true -> 0 < eval K v total).
  Proof.
    intros A C. apply summed_sound. intros m c H. apply in_map_iff in H as (f & F & _).
    now apply (fact_true M cs f m).
  Qed.

  Lemma rest_split target total c : fixed (minus target total) = Some c ->
    eval K v target = rat K c + eval K v total.
  Proof.
    intros H. apply (eval_fixed K L v) in H; trivial. rewrite (eval_minus K L) in H. rewrite <- H. ring.
  Qed.

  Lemma nonnegative_sound M cs target facts : atoms_at v M -> all_at v cs ->
    nonnegative M cs target facts = true -> 0 <= eval K v target.
  Proof.
    intros A C. unfold nonnegative. destruct (gather M cs facts) as [[total b] |] eqn:G; try discriminate.
    destruct (fixed (minus target total)) as [c |] eqn:F; try discriminate. intros H. apply Qle_bool_iff in H.
    rewrite (rest_split _ _ _ F). apply (le_add K L); [now apply (rat_pos K L) |].
    now apply (gather_sound M cs facts total b).
  Qed.

  Lemma positive_sound M cs target facts : atoms_at v M -> all_at v cs ->
    positive_form M cs target facts = true -> 0 < eval K v target.
  Proof.
    intros A C. unfold positive_form. destruct (gather M cs facts) as [[total b] |] eqn:G; try discriminate.
    destruct (fixed (minus target total)) as [c |] eqn:F; try discriminate.
    destruct (gather_sound M cs facts total b A C G) as [H1 H2].
    rewrite orb_true_iff, andb_true_iff, negb_true_iff. rewrite (rest_split _ _ _ F). intros [[-> H] | H].
    - apply Qle_bool_iff in H. replace (rat K c + eval K v total) with (eval K v total + rat K c) by ring.
      apply (lt_add K L); auto. now apply (rat_pos K L).
    - apply (lt_add K L); trivial. rewrite <- (rat_0 K L). apply (rat_lt K L).
      apply Qnot_le_lt. intros N. apply Qle_bool_iff in N. congruence.
  Qed.

  (** A contradiction: -1 would not be negative. *)
  Lemma empty_sound M cs facts : atoms_at v M -> all_at v cs -> positive_form M cs [] facts = true -> False.
  Proof. intros A C H. apply (positive_sound M cs) in H; trivial. now apply (lt_irrefl K L) in H. Qed.
End Sound.
