(** One maximum: it is one of its arguments, or an affine form plus a positive multiple of an atom. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive.
From Relucirc Require Import Statement Laws Forms Evidence.
Import ListNotations.

(** [Take left facts]: the facts show which argument is the larger.  [Atom k s b expand]: once the atoms listed are
    replaced by their elements, the arguments are [b] plus [s] times 0 and the elements of atom [k].  [Yes] and [No]
    answer a comparison; [Second n] says that the second of two conditions decides, whatever the first one is: of those [n]
    levels below, in first conditions. *)
Inductive step :=
| Take (left : bool) (facts : list fact)
| Atom (k : positive) (s : Q) (base : form) (expand : list positive)
| Yes (facts : list fact)
| No (facts : list fact)
| Second (n : nat).

(** Replaces an atom, with at least the coefficient [least] everywhere, by its elements. *)
Definition expand_one (k : positive) (options : list form) (least : Q) (e : form) : option (list form) :=
  let surplus := qadd (coefficient e k) (qmul (-1) least) in
  let rest := without k e in
  if is_zero surplus then Some [rest]
  else if Qle_bool 0 surplus then Some (map (fun o => axpy surplus o rest) options)
  else None.

Fixpoint expand_all (k : positive) (options : list form) (least : Q) (l : list form) : option (list form) :=
  match l with
  | [] => Some []
  | e :: l' =>
    match expand_one k options least e, expand_all k options least l' with
    | Some here, Some there => Some (here ++ there)
    | _, _ => None
    end
  end.

Definition least_of (k : positive) (l : list form) : Q :=
  match map (fun e => coefficient e k) l with
  | [] => 0
  | c :: cs => fold_left (fun a b => if Qle_bool a b then a else b) cs c
  end.

(** [max(elements) = outside + max(elements after)] *)
Fixpoint expanded (M : atoms) (expand : list positive) (outside : form) (l : list form) : option (form * list form) :=
  match expand with
  | [] => Some (outside, l)
  | k :: expand' =>
    match elements M k with
    | Some options =>
      let least := least_of k l in
      match expand_all k options least l with
      | Some l' => expanded M expand' (axpy least (variable k) outside) l'
      | None => None
      end
    | None => None
    end
  end.

Definition included (l l' : list form) : bool := forallb (fun e => existsb (same e) l') l.

Definition maximum (M : atoms) (cs : list known) (left right : form) (s : step) : option form :=
  match s with
  | Take true facts => if nonnegative M cs (minus left right) facts then Some left else None
  | Take false facts => if nonnegative M cs (minus right left) facts then Some right else None
  | Atom k s base expand =>
    match elements M k, expanded M expand [] [left; right] with
    | Some options, Some (outside, l) =>
      let scaled := map (fun o => axpy s o base) options in
      if negb (Qle_bool s 0) && included scaled l && included l scaled
      then Some (plus (axpy s (variable k) base) outside) else None
    | _, _ => None
    end
  | _ => None
  end.

(** The answer to a comparison [a <= b]. *)
Definition compared (M : atoms) (cs : list known) (a b : form) (s : step) : option bool :=
  match s with
  | Yes facts => if nonnegative M cs (minus b a) facts then Some true else None
  | No facts => if positive_form M cs (minus a b) facts then Some false else None
  | _ => None
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

  Variable v : env K.
  Hypothesis U : unit_at K v.
  Variable M : atoms.
  Hypothesis A : atoms_at K v M.

  Local Notation ev := (eval K v).

  Lemma is_max_shift l m c : is_max K l m -> is_max K (map (add K c) l) (c + m).
  Proof.
    intros [H1 H2]. split; [now apply in_map |].
    intros y Hy. apply in_map_iff in Hy as (z & <- & Hz). apply (add_le K L). auto.
  Qed.

  Lemma is_max_scale l m s : (0 <= s)%Q -> is_max K l m -> is_max K (map (mul K (rat K s)) l) (rat K s * m).
  Proof.
    intros Hs [H1 H2]. split; [now apply in_map |].
    intros y Hy. apply in_map_iff in Hy as (z & <- & Hz). apply (le_sub K L).
    replace (rat K s * m - rat K s * z) with (rat K s * (m - z)) by ring.
    apply (le_scale K L); trivial. apply (sub_le K L). auto.
  Qed.

  (** What replacing an element does: the new ones have the old value, less [d], as their maximum. *)
  Lemma expand_one_sound k options least e l : elements M k = Some options -> expand_one k options least e = Some l ->
    is_max K (map ev l) (ev e - rat K least * v k).
  Proof.
    intros E. unfold expand_one. set (s := qadd (coefficient e k) (qmul (-1) least)).
    assert (S : ev e - rat K least * v k = ev (without k e) + rat K s * v k).
    { unfold s. rewrite (eval_without K L v k e), (rat_qadd K L), (rat_qmul K L), (rat_minus_one K L). ring. }
    rewrite S. destruct (is_zero s) eqn:Z.
    - intros [= <-]. apply (rat_zero K L) in Z. rewrite Z.
      replace (ev (without k e) + 0 * v k) with (ev (without k e)) by ring.
      split; simpl; auto. intros y [<- | []]. apply (le_refl K L).
    - destruct (Qle_bool 0 s) eqn:P; try discriminate. intros [= <-]. apply Qle_bool_iff in P.
      rewrite map_map. pose proof (elements_at K v M k options A E) as H.
      apply (is_max_scale _ _ s P) in H. apply (is_max_shift _ _ (ev (without k e))) in H.
      rewrite !map_map in H. erewrite map_ext; [exact H |].
      intros o. rewrite (eval_axpy K L). ring.
  Qed.

  Lemma expand_all_sound k options least l l' m : elements M k = Some options ->
    expand_all k options least l = Some l' -> is_max K (map ev l) m ->
    is_max K (map ev l') (m - rat K least * v k).
  Proof.
    intros E H [Hi Hm]. set (d := rat K least * v k).
    assert (G : forall l l', expand_all k options least l = Some l' ->
      (forall e, In e l -> exists y, In y (map ev l') /\ y = ev e - d) /\
      (forall y, In y (map ev l') -> exists e, In e l /\ y <= ev e - d)).
    { clear l l' H Hi Hm. induction l as [| e l IH]; simpl; intros l' H.
      - injection H as <-. split; [intros e [] | intros y []].
      - destruct (expand_one k options least e) as [here |] eqn:O; try discriminate.
        destruct (expand_all k options least l) as [there |]; try discriminate. injection H as <-.
        destruct (expand_one_sound k options least e here E O) as [O1 O2].
        destruct (IH there eq_refl) as [I1 I2]. rewrite map_app. split.
        + intros f [<- | Hf].
          * eexists. split; [apply in_or_app; left; exact O1 | reflexivity].
          * destruct (I1 f Hf) as (y & Hy & ->). eexists. split; [apply in_or_app; right; exact Hy | reflexivity].
        + intros y Hy. apply in_app_or in Hy as [Hy | Hy].
          * exists e. split; auto.
          * destruct (I2 y Hy) as (f & Hf & Hle). exists f. auto. }
    destruct (G l l' H) as [G1 G2]. split.
    - apply in_map_iff in Hi as (e & <- & He). destruct (G1 e He) as (y & Hy & ->). exact Hy.
    - intros y Hy. destruct (G2 y Hy) as (e & He & Hle). apply (le_trans K L _ (ev e - d)); trivial.
      apply (le_sub K L). replace (m - d - (ev e - d)) with (m - ev e) by ring.
      apply (sub_le K L), Hm. now apply in_map.
  Qed.

  Lemma expanded_sound expand outside l outside' l' m : expanded M expand outside l = Some (outside', l') ->
    is_max K (map ev l) m -> is_max K (map ev l') (m + ev outside - ev outside').
  Proof.
    revert outside l m. induction expand as [| k expand IH]; cbn [expanded]; intros outside l m H Hm.
    - injection H as <- <-. now replace (m + ev outside - ev outside) with m by ring.
    - destruct (elements M k) as [options |] eqn:E; try discriminate.
      destruct (expand_all k options (least_of k l) l) as [l1 |] eqn:X; try discriminate.
      apply (expand_all_sound k options (least_of k l) l l1 m E X) in Hm.
      apply (IH _ _ _ H) in Hm. rewrite (eval_axpy K L), (eval_variable K L) in Hm.
      replace (m + eval K v outside - eval K v outside') with
        (m - rat K (least_of k l) * v k + (rat K (least_of k l) * v k + eval K v outside) - eval K v outside') by ring.
      exact Hm.
  Qed.

  Lemma included_sound l l' : included l l' = true -> incl (map ev l) (map ev l').
  Proof.
    unfold included. rewrite forallb_forall. intros H y Hy. apply in_map_iff in Hy as (e & <- & He).
    apply H, existsb_exists in He as (f & Hf & S). apply (eval_same K L v) in S.
    apply in_map_iff. exists f. split; auto.
  Qed.

  Variable cs : list known.
  Hypothesis C : all_at K v cs.

  Lemma maximum_sound left right s f : maximum M cs left right s = Some f -> ev f = max K (ev left) (ev right).
  Proof.
    destruct s as [[|] facts | k s base expand | | |]; cbn [maximum]; try discriminate.
    - destruct (nonnegative M cs (minus left right) facts) eqn:N; try discriminate. intros [= <-].
      apply (nonnegative_sound K L v) in N; trivial. rewrite (eval_minus K L) in N.
      symmetry. apply (max_l K L). now apply (le_sub K L).
    - destruct (nonnegative M cs (minus right left) facts) eqn:N; try discriminate. intros [= <-].
      apply (nonnegative_sound K L v) in N; trivial. rewrite (eval_minus K L) in N.
      symmetry. apply (max_r K L). now apply (le_sub K L).
    - destruct (elements M k) as [options |] eqn:E; try discriminate.
      destruct (expanded M expand [] [left; right]) as [[outside l] |] eqn:X; try discriminate.
      destruct (negb (Qle_bool s 0) && included (map (fun o => axpy s o base) options) l &&
        included l (map (fun o => axpy s o base) options)) eqn:B; try discriminate.
      rewrite !andb_true_iff, negb_true_iff in B. destruct B as [[B1 B2] B3]. intros [= <-].
      assert (S : (0 <= s)%Q).
      { apply Qlt_le_weak, Qnot_le_lt. intros N. apply Qle_bool_iff in N. congruence. }
      pose proof (expanded_sound _ _ _ _ _ (max K (ev left) (ev right)) X (is_max_two K L _ _)) as H.
      apply (is_max_same K _ _ _ (included_sound _ _ B3) (included_sound _ _ B2)) in H.
      pose proof (elements_at K v M k options A E) as H'.
      apply (is_max_scale _ _ s S) in H'. apply (is_max_shift _ _ (ev base)) in H'.
      rewrite !map_map in H'. rewrite map_map in H.
      assert (Same : map (fun o => ev (axpy s o base)) options =
        map (fun x => ev base + rat K s * eval K v x) options).
      { apply map_ext. intros o. rewrite (eval_axpy K L). ring. }
      rewrite Same in H. pose proof (is_max_unique K L _ _ _ H H') as Eq.
      rewrite (eval_plus K L). rewrite (eval_axpy K L), (eval_variable K L).
      replace (rat K s * v k + eval K v base + eval K v outside)
        with (eval K v base + rat K s * v k + eval K v outside) by ring.
      rewrite <- Eq. change (eval K v []) with 0. ring.
  Qed.

  Lemma compared_sound a b s t : compared M cs a b s = Some t -> leb K (ev a) (ev b) = t.
  Proof.
    destruct s as [| | facts | facts |]; simpl; try discriminate.
    - destruct (nonnegative M cs (minus b a) facts) eqn:N; try discriminate. intros [= <-].
      apply (nonnegative_sound K L v) in N; trivial. rewrite (eval_minus K L) in N.
      apply (leb_le K L). now apply (le_sub K L).
    - destruct (positive_form M cs (minus a b) facts) eqn:N; try discriminate. intros [= <-].
      apply (positive_sound K L v) in N; trivial. rewrite (eval_minus K L) in N. apply (lt_sub K L) in N.
      destruct (leb K (ev a) (ev b)) eqn:B; trivial. apply (leb_le K L) in B. now apply (lt_not_le K L) in N.
  Qed.
End Sound.
