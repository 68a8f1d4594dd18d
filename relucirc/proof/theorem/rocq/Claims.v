(** What is claimed of a network's outputs, and what would break it. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive.
From Relucirc Require Import Statement Laws Forms Evidence Steps Lowering Trees.
Import ListNotations.

(** A tolerance; whole numbers are written as such. *)
Inductive tolerance :=
| Whole (z : Z)
| Fraction (q : Q).

Definition size (eps : tolerance) : Q := match eps with Whole z => z # 1 | Fraction q => q end.
Definition number (K : numbers) (eps : tolerance) : K := match eps with Whole z => int K z | Fraction q => rat K q end.

(** What outputs are compared with: formulas, or the outputs of another network. *)
Inductive reference :=
| Formulas (es : list expr)
| Another (net : list layer).

Definition referred (K : numbers) (x : list K) (r : reference) : list K :=
  match r with Formulas es => map (value K x) es | Another net => run K net x end.

(** That outputs have the values of what they are compared with, or are no further than [eps] from them; or a condition,
    whose variables are the inputs and after them the outputs. *)
Inductive claim :=
| Equals (r : reference)
| Within (eps : tolerance) (r : reference)
| Holds (c : cond).

Definition near (K : numbers) (eps : K) (y f : K) : Prop := le K (abs K (sub K y f)) eps.

Definition meets (K : numbers) (x y : list K) (c : claim) : Prop :=
  match c with
  | Equals r => y = referred K x r
  | Within eps r => Forall2 (near K (number K eps)) y (referred K x r)
  | Holds c => truth K (x ++ y) c = true
  end.

(** A condition as a proposition, in the words of the numbers. *)
Section Says.
  Variable K : numbers.
  Variable x : list K.

  Fixpoint says (c : cond) : Prop :=
    match c with
    | Le a b => le K (value K x a) (value K x b)
    | Lt a b => lt K (value K x a) (value K x b)
    | Eq a b => eqn K (value K x a) (value K x b)
    | Not c => ~ says c
    | And c d => says c /\ says d
    | Or c d => says c \/ says d
    end.

  Hypothesis reflected : forall a b, leb K a b = true <-> le K a b.
  Hypothesis less : forall a b, lt K a b <-> ~ le K b a.
  Hypothesis equal : forall a b, eqn K a b <-> le K a b /\ le K b a.

  Lemma says_truth c : says c <-> truth K x c = true.
  Proof.
    induction c as [a b | a b | a b | c IH | c IHc d IHd | c IHc d IHd]; cbn [says truth].
    - now rewrite reflected.
    - unfold ltb. now rewrite less, negb_true_iff, <- not_true_iff_false, reflected.
    - unfold eqb. now rewrite equal, andb_true_iff, !reflected.
    - now rewrite IH, negb_true_iff, not_true_iff_false.
    - now rewrite IHc, IHd, andb_true_iff.
    - now rewrite IHc, IHd, orb_true_iff.
  Qed.
End Says.

(** The forms of what outputs are compared with. *)
Definition lower_reference (M : atoms) (cs : list known) (x : list form) (r : reference) (steps : list step)
  : option (list form) :=
  match r with
  | Formulas es => option_map fst (lower_formulas M cs x es steps)
  | Another net => lower_network M cs net x steps
  end.

(** * Violations: lists of forms whose signs would hold together *)

(** Both ways in which each of some forms could be too far from another. *)
Fixpoint apart (eps : Q) (l r : list form) : option (list (list known)) :=
  match l, r with
  | [], [] => Some []
  | f :: l', g :: r' =>
    let beyond d := [(minus d (constant eps), Positive)] in
    option_map (fun vs => beyond (minus f g) :: beyond (minus g f) :: vs) (apart eps l' r')
  | _, _ => None
  end.

Section Breaking.
  Variable M : atoms.
  Variable cs : list known.
  Variable x : list form.

  Definition together (a b : list (list known)) : list (list known) :=
    flat_map (fun ps => map (app ps) b) a.

  (** When a condition has the truth value [t]: one of these happens. *)
  Fixpoint cases (t : bool) (c : cond) : reader (list (list known)) :=
    match c with
    | Le a b => bind (lower M cs x a) (fun f => bind (lower M cs x b) (fun g =>
        done (if t then [[(minus g f, Nonnegative)]] else [[(minus f g, Positive)]])))
    | Lt a b => bind (lower M cs x a) (fun f => bind (lower M cs x b) (fun g =>
        done (if t then [[(minus g f, Positive)]] else [[(minus f g, Nonnegative)]])))
    | Eq a b => bind (lower M cs x a) (fun f => bind (lower M cs x b) (fun g =>
        done (if t then [[(minus f g, Zero)]] else [[(minus f g, Positive)]; [(minus g f, Positive)]])))
    | Not c => cases (negb t) c
    | And c d => bind (cases t c) (fun l => bind (cases t d) (fun r => done (if t then together l r else l ++ r)))
    | Or c d => bind (cases t c) (fun l => bind (cases t d) (fun r => done (if t then l ++ r else together l r)))
    end.
End Breaking.

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

  Variable v : env K.
  Hypothesis U : unit_at K v.

  Local Notation ev := (eval K v).

  Lemma size_number eps : rat K (size eps) = number K eps.
  Proof. destruct eps; simpl; trivial. apply (rat_int K L). Qed.

  Lemma apart_at eps l : forall r vs, apart eps l r = Some vs -> ~ Exists (all_at K v) vs ->
    Forall2 (near K (rat K eps)) (map ev l) (map ev r).
  Proof.
    induction l as [| f l IH]; intros [| g r] vs; cbn [apart map]; try discriminate.
    - constructor.
    - destruct (apart eps l r) as [rest |] eqn:E; try discriminate. intros [= <-] N.
      assert (B : forall d, ~ all_at K v [(minus d (constant eps), Positive)] -> ev d <= rat K eps).
      { intros d H. destruct (le_or_lt K L (ev d) (rat K eps)) as [S | S]; trivial. destruct H. constructor; trivial.
        unfold true_at; cbn [fst snd]. rewrite (eval_minus K L), (eval_constant K L) by trivial. now apply (sub_lt K L). }
      constructor.
      + unfold near. rewrite (abs_max K L). rewrite <- (eval_minus K L). set (d := minus f g).
        assert (B1 : ev d <= rat K eps) by (apply B; intros H; apply N; now left).
        assert (B2 : opp K (ev d) <= rat K eps).
        { replace (opp K (ev d)) with (ev (minus g f)) by (unfold d; rewrite !(eval_minus K L); ring).
          apply B. intros H. apply N. right. now left. }
        destruct (le_total K L (ev d) (opp K (ev d))) as [S | S]; [rewrite (max_r K L) | rewrite (max_l K L)]; trivial.
      + apply (IH r rest E). intros H. apply N. now do 2 right.
  Qed.

  Variable M : atoms.
  Hypothesis A : atoms_at K v M.
  Variable cs : list known.
  Hypothesis C : all_at K v cs.
  Variable x : list form.

  Local Notation val := (value K (map ev x)).

  Lemma reference_sound r steps fs : lower_reference M cs x r steps = Some fs -> map ev fs = referred K (map ev x) r.
  Proof.
    destruct r as [es | net]; cbn [lower_reference referred].
    - destruct (lower_formulas M cs x es steps) as [[fs' rest] |] eqn:E; try discriminate. intros [= <-].
      now apply (formulas_sound K L v U M A cs C x es steps _ rest).
    - now apply (network_sound K L v U M A cs C).
  Qed.

  Lemma one_at c : true_at K v c -> Exists (all_at K v) [[c]].
  Proof. intros H. left. now constructor. Qed.

  Lemma together_at a b : Exists (all_at K v) a -> Exists (all_at K v) b -> Exists (all_at K v) (together a b).
  Proof.
    intros H G. apply Exists_exists in H as (p & Hp & P). apply Exists_exists in G as (q & Hq & Q').
    apply Exists_exists. exists (p ++ q). split.
    - apply in_flat_map. exists p. split; trivial. now apply in_map.
    - now apply Forall_app.
  Qed.

  Lemma cases_sound c : forall t steps vs rest, cases M cs x t c steps = Some (vs, rest) ->
    truth K (map ev x) c = t -> Exists (all_at K v) vs.
  Proof.
    pose proof (proj1 (lower_sound K L v U M A cs C x)) as S.
    assert (Leb : forall a b, leb K a b = true -> a <= b) by (intros a b; apply (leb_le K L)).
    assert (Gtb : forall a b, leb K a b = false -> b < a).
    { intros a b H. apply (not_le K L). intros G. apply (leb_le K L) in G. congruence. }
    induction c as [a b | a b | a b | c IH | c IHc d IHd | c IHc d IHd]; cbn [cases]; intros t steps vs rest H T.
    - apply bind_some in H as (f & s1 & H1 & H). apply bind_some in H as (g & s2 & H2 & [= <- <-]).
      apply S in H1. apply S in H2. change (leb K (val a) (val b) = t) in T. rewrite <- H1, <- H2 in T.
      destruct t; apply one_at; unfold true_at; cbn [fst snd]; rewrite (eval_minus K L).
      + apply (sub_le K L). auto.
      + apply (sub_lt K L). auto.
    - apply bind_some in H as (f & s1 & H1 & H). apply bind_some in H as (g & s2 & H2 & [= <- <-]).
      apply S in H1. apply S in H2. change (negb (leb K (val b) (val a)) = t) in T. rewrite <- H1, <- H2 in T.
      destruct t; apply one_at; unfold true_at; cbn [fst snd]; rewrite (eval_minus K L).
      + apply (sub_lt K L). apply negb_true_iff in T. auto.
      + apply (sub_le K L). apply negb_false_iff in T. auto.
    - apply bind_some in H as (f & s1 & H1 & H). apply bind_some in H as (g & s2 & H2 & [= <- <-]).
      apply S in H1. apply S in H2. change (leb K (val a) (val b) && leb K (val b) (val a) = t) in T.
      rewrite <- H1, <- H2 in T. destruct t.
      + apply andb_true_iff in T as [T1 T2]. apply one_at. unfold true_at; cbn [fst snd]. rewrite (eval_minus K L).
        apply Leb in T1. apply Leb in T2. rewrite (le_antisym K L _ _ T1 T2). ring.
      + apply andb_false_iff in T as [T | T]; apply Gtb in T; apply (sub_lt K L) in T; rewrite <- (eval_minus K L) in T.
        * left. constructor; trivial.
        * right. now apply one_at.
    - change (negb (truth K (map ev x) c) = t) in T. apply (IH _ _ _ _ H). now destruct t, (truth K (map ev x) c).
    - apply bind_some in H as (l & s1 & H1 & H). apply bind_some in H as (r & s2 & H2 & [= <- <-]).
      change (truth K (map ev x) c && truth K (map ev x) d = t) in T. destruct t.
      + apply andb_true_iff in T as [T1 T2]. apply together_at; [now apply (IHc _ _ _ _ H1) | now apply (IHd _ _ _ _ H2)].
      + apply Exists_app. apply andb_false_iff in T as [T | T].
        * left. now apply (IHc _ _ _ _ H1).
        * right. now apply (IHd _ _ _ _ H2).
    - apply bind_some in H as (l & s1 & H1 & H). apply bind_some in H as (r & s2 & H2 & [= <- <-]).
      change (truth K (map ev x) c || truth K (map ev x) d = t) in T. destruct t.
      + apply Exists_app. apply orb_true_iff in T as [T | T].
        * left. now apply (IHc _ _ _ _ H1).
        * right. now apply (IHd _ _ _ _ H2).
      + apply orb_false_iff in T as [T1 T2]. apply together_at; [now apply (IHc _ _ _ _ H1) | now apply (IHd _ _ _ _ H2)].
  Qed.
End Sound.
