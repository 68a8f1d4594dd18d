(** Bounding: a violation, some forms with signs that would hold together, happens nowhere.

    A hinge is an atom of one element, [h = max 0 l].  A tree divides what is left to show: by the sign of a form, or of
    a hinge's argument [l].  At a leaf facts add up to a contradiction (Motzkin). *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive.
From Relucirc Require Import Statement Laws Forms Evidence Steps Trees.
Import ListNotations.

(** A fact with a multiplier.  Of hinge [k]: [h >= 0], [h - l >= 0]; [l >= 0] or [-l >= 0], where that was supposed;
    [l - h >= 0] or [-h >= 0], where that was supposed or a bound says so; [up (l - lo) - (up - lo) h >= 0] between
    bounds [lo < 0 < up]. *)
Inductive clue :=
| Known (i : nat) (m : Q)
| Part (i : nat) (m : Q)
| Floor (k : positive) (m : Q)
| Line (k : positive) (m : Q)
| Active (k : positive) (m : Q)
| Inactive (k : positive) (m : Q)
| On (k : positive) (m : Q)
| Off (k : positive) (m : Q)
| Chord (k : positive) (m : Q).

(** [Lower k q clues]: the argument of hinge [k] is at least [q]. *)
Inductive bound :=
| Lower (k : positive) (q : Q) (clues : list clue)
| Upper (k : positive) (q : Q) (clues : list clue).

Inductive bounding :=
| Contradiction (clues : list clue)
| Divide (f : form) (above below : bounding)
| Hinge (k : positive) (active inactive : bounding)
| Bounds (bs : list bound) (t : bounding).

(** What is known at a place of the tree: constraints, the violation's parts, which side of a hinge was supposed, and
    bounds of hinges' arguments. *)
Record place := {
  constraints : list known;
  parts : list known;
  supposed : table bool;
  lowers : table Q;
  uppers : table Q
}.

Section Check.
  Variable M : atoms.

  Definition argument (k : positive) : option form := match find k M with Some [l] => Some l | _ => None end.

  Definition is_supposed (p : place) (k : positive) (on : bool) : bool :=
    match find k (supposed p) with Some side => Bool.eqb side on | None => false end.

  Definition is_on (p : place) (k : positive) : bool :=
    is_supposed p k true || match find k (lowers p) with Some q => Qle_bool 0 q | None => false end.

  Definition is_off (p : place) (k : positive) : bool :=
    is_supposed p k false || match find k (uppers p) with Some q => Qle_bool q 0 | None => false end.

  Definition about (p : place) (k : positive) (m : Q) (allowed : bool) (f : form -> form) : option (Q * known) :=
    if allowed then option_map (fun l => (m, (f l, Nonnegative))) (argument k) else None.

  Definition chord (low up : Q) (k : positive) (l : form) : form :=
    axpy up l (axpy (qadd low (qmul (-1) up)) (variable k) (constant (qmul (-1) (qmul up low)))).

  Definition clue_of (p : place) (c : clue) : option (Q * known) :=
    match c with
    | Known i m => option_map (fun c => (m, c)) (nth_error (constraints p) i)
    | Part i m => option_map (fun c => (m, c)) (nth_error (parts p) i)
    | Floor k m => about p k m true (fun _ => variable k)
    | Line k m => about p k m true (minus (variable k))
    | Active k m => about p k m (is_supposed p k true) (fun l => l)
    | Inactive k m => about p k m (is_supposed p k false) (scale (-1))
    | On k m => about p k m (is_on p k) (fun l => minus l (variable k))
    | Off k m => about p k m (is_off p k) (fun _ => scale (-1) (variable k))
    | Chord k m =>
      match find k (lowers p), find k (uppers p) with
      | Some low, Some up => about p k m (Qle_bool low 0 && Qle_bool 0 up) (chord low up k)
      | _, _ => None
      end
    end.

  Definition put (p : place) (cs ps : list known) : place :=
    {| constraints := cs; parts := ps; supposed := supposed p; lowers := lowers p; uppers := uppers p |}.

  Definition suppose (p : place) (k : positive) (on : bool) : place :=
    {| constraints := constraints p; parts := parts p; supposed := PositiveMap.add k on (supposed p);
       lowers := lowers p; uppers := uppers p |}.

  Definition with_lower (p : place) (k : positive) (q : Q) : place :=
    {| constraints := constraints p; parts := parts p; supposed := supposed p;
       lowers := PositiveMap.add k q (lowers p); uppers := uppers p |}.

  Definition with_upper (p : place) (k : positive) (q : Q) : place :=
    {| constraints := constraints p; parts := parts p; supposed := supposed p;
       lowers := lowers p; uppers := PositiveMap.add k q (uppers p) |}.

  (** Whether clues show that a form is not negative; and whether they contradict each other. *)
  Definition shows (p : place) (target : form) (clues : list clue) : bool :=
    match summed (map (clue_of p) clues) with
    | Some (total, _) => match fixed (minus target total) with Some c => Qle_bool 0 c | None => false end
    | None => false
    end.

  Definition contradictory (p : place) (clues : list clue) : bool :=
    match summed (map (clue_of p) clues) with
    | Some (total, b) =>
      match fixed total with Some c => negb (Qle_bool 0 c) || (b && Qle_bool c 0) | None => false end
    | None => false
    end.

  Definition bound_by (p : place) (b : bound) : option place :=
    match b with
    | Lower k q clues =>
      match argument k with
      | Some l => if shows p (minus l (constant q)) clues then Some (with_lower p k q) else None
      | None => None
      end
    | Upper k q clues =>
      match argument k with
      | Some l => if shows p (minus (constant q) l) clues then Some (with_upper p k q) else None
      | None => None
      end
    end.

  Fixpoint bounded_by (p : place) (bs : list bound) : option place :=
    match bs with
    | [] => Some p
    | b :: bs' => match bound_by p b with Some p' => bounded_by p' bs' | None => None end
    end.

  Fixpoint never (t : bounding) (p : place) : bool :=
    match t with
    | Contradiction clues => contradictory p clues
    | Divide f above below =>
      never above (put p (constraints p ++ [(f, Nonnegative)]) (parts p)) &&
      never below (put p (constraints p ++ [(scale (-1) f, Nonnegative)]) (parts p))
    | Hinge k active inactive =>
      match argument k with
      | Some _ => never active (suppose p k true) && never inactive (suppose p k false)
      | None => false
      end
    | Bounds bs t' => match bounded_by p bs with Some p' => never t' p' | None => false end
    end.

  Definition start (cs ps : list known) : place :=
    {| constraints := cs; parts := ps; supposed := PositiveMap.empty _; lowers := PositiveMap.empty _;
       uppers := PositiveMap.empty _ |}.

  (** One tree for each violation. *)
  Fixpoint none_happens (cs : list known) (violations : list (list known)) (ts : list bounding) : bool :=
    match violations, ts with
    | [], [] => true
    | ps :: violations', t :: ts' => never t (start cs ps) && none_happens cs violations' ts'
    | _, _ => false
    end.
End Check.

(** What would break that all forms are zero: one of them is positive, or negative. *)
Definition nonzero (f : form) : list (list known) :=
  match f with [] => [] | _ => [[(f, Positive)]; [(scale (-1) f, Positive)]] end.

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

  Record place_at (p : place) : Prop := {
    constraints_at : all_at K v (constraints p);
    parts_at : all_at K v (parts p);
    supposed_at : forall k on l, find k (supposed p) = Some on -> argument M k = Some l ->
      if on then 0 <= ev l else ev l <= 0;
    lowers_at : forall k q l, find k (lowers p) = Some q -> argument M k = Some l -> rat K q <= ev l;
    uppers_at : forall k q l, find k (uppers p) = Some q -> argument M k = Some l -> ev l <= rat K q
  }.

  Lemma argument_at k l : argument M k = Some l -> v k = max K 0 (ev l).
  Proof.
    unfold argument. destruct (find k M) as [[| e []] |] eqn:E; try discriminate. intros [= <-].
    now apply (hinge_at K L v M A).
  Qed.

  Lemma is_supposed_at p k on l : place_at p -> is_supposed p k on = true -> argument M k = Some l ->
    if on then 0 <= ev l else ev l <= 0.
  Proof.
    unfold is_supposed. intros P. destruct (find k (supposed p)) as [side |] eqn:E; try discriminate.
    intros H G. apply Bool.eqb_prop in H. subst. now apply (supposed_at p P k on).
  Qed.

  Lemma is_on_at p k l : place_at p -> is_on p k = true -> argument M k = Some l -> v k = ev l.
  Proof.
    intros P H G. rewrite (argument_at k l G). apply (max_r K L). unfold is_on in H. apply orb_true_iff in H as [H | H].
    - now apply (is_supposed_at p k true l).
    - destruct (find k (lowers p)) as [q |] eqn:E; try discriminate. apply Qle_bool_iff in H.
      apply (le_trans K L _ (rat K q)); [now apply (rat_pos K L) | now apply (lowers_at p P k)].
  Qed.

  Lemma is_off_at p k l : place_at p -> is_off p k = true -> argument M k = Some l -> v k = 0.
  Proof.
    intros P H G. rewrite (argument_at k l G). apply (max_l K L). unfold is_off in H. apply orb_true_iff in H as [H | H].
    - now apply (is_supposed_at p k false l).
    - destruct (find k (uppers p)) as [q |] eqn:E; try discriminate. apply Qle_bool_iff in H.
      apply (le_trans K L _ (rat K q)); [now apply (uppers_at p P k) |].
      rewrite <- (rat_0 K L). now apply (rat_le K L).
  Qed.

  Lemma hinge_above k l : argument M k = Some l -> 0 <= v k /\ ev l <= v k.
  Proof.
    intros G. rewrite (argument_at k l G). destruct (is_max_two K L 0 (ev l)) as [_ H]. split; apply H; simpl; auto.
  Qed.

  (** The hinge is convex, and the line between its ends is above it. *)
  Lemma chord_at low up k l : (low <= 0)%Q -> (0 <= up)%Q -> argument M k = Some l -> rat K low <= ev l ->
    ev l <= rat K up -> 0 <= ev (chord low up k l).
  Proof.
    intros Hl Hu G B1 B2. unfold chord.
    rewrite !(eval_axpy K L), (eval_variable K L), (eval_constant K L), (rat_qadd K L), !(rat_qmul K L),
      (rat_minus_one K L) by trivial.
    apply (rat_pos K L) in Hu. apply (rat_le K L) in Hl. rewrite (rat_0 K L) in Hl.
    apply (sub_le K L) in B1, B2, Hl.
    rewrite (argument_at k l G). destruct (le_total K L 0 (ev l)) as [H | H].
    - rewrite (max_r K L) by trivial. pose proof (mul_le K L _ _ Hl B2) as R.
      match goal with |- 0 <= ?t => replace t with ((0 - rat K low) * (rat K up - ev l)) by ring end. exact R.
    - rewrite (max_l K L) by trivial. pose proof (mul_le K L _ _ Hu B1) as R.
      match goal with |- 0 <= ?t => replace t with (rat K up * (ev l - rat K low)) by ring end. exact R.
  Qed.

  Lemma about_at p k m allowed f m' c : about M p k m allowed f = Some (m', c) ->
    (forall l, allowed = true -> argument M k = Some l -> 0 <= ev (f l)) -> true_at K v c.
  Proof.
    unfold about. destruct allowed; try discriminate. destruct (argument M k) as [l |]; try discriminate.
    intros [= <- <-] H. apply (H l); trivial.
  Qed.

  Lemma clue_true p c m known : place_at p -> clue_of M p c = Some (m, known) -> true_at K v known.
  Proof.
    intros P. destruct c as [i q | i q | k q | k q | k q | k q | k q | k q | k q]; cbn [clue_of].
    - destruct (nth_error (constraints p) i) eqn:N; try discriminate. intros [= <- <-].
      apply nth_error_In in N. pose proof (constraints_at p P) as C. unfold all_at in C. rewrite Forall_forall in C. auto.
    - destruct (nth_error (parts p) i) eqn:N; try discriminate. intros [= <- <-].
      apply nth_error_In in N. pose proof (parts_at p P) as C. unfold all_at in C. rewrite Forall_forall in C. auto.
    - intros H. apply (about_at _ _ _ _ _ _ _ H). intros l _ G. rewrite (eval_variable K L).
      now apply (hinge_above k l).
    - intros H. apply (about_at _ _ _ _ _ _ _ H). intros l _ G. rewrite (eval_minus K L), (eval_variable K L).
      apply (sub_le K L). now apply (hinge_above k l).
    - intros H. apply (about_at _ _ _ _ _ _ _ H). intros l S G. now apply (is_supposed_at p k true l).
    - intros H. apply (about_at _ _ _ _ _ _ _ H). intros l S G. rewrite (opposite K L). apply (sub_le K L).
      now apply (is_supposed_at p k false l).
    - intros H. apply (about_at _ _ _ _ _ _ _ H). intros l S G. rewrite (eval_minus K L), (eval_variable K L).
      apply (sub_le K L). rewrite (is_on_at p k l P S G). apply (le_refl K L).
    - intros H. apply (about_at _ _ _ _ _ _ _ H). intros l S G. rewrite (opposite K L), (eval_variable K L).
      apply (sub_le K L). rewrite (is_off_at p k l P S G). apply (le_refl K L).
    - destruct (find k (lowers p)) as [low |] eqn:E1; try discriminate.
      destruct (find k (uppers p)) as [up |] eqn:E2; try discriminate.
      intros H. apply (about_at _ _ _ _ _ _ _ H). intros l S G. apply andb_true_iff in S as [S1 S2].
      apply Qle_bool_iff in S1. apply Qle_bool_iff in S2.
      apply chord_at; trivial; [now apply (lowers_at p P k) | now apply (uppers_at p P k)].
  Qed.

  Lemma clues_sound p clues total b : place_at p -> summed (map (clue_of M p) clues) = Some (total, b) ->
    0 <= ev total /\ (b = true -> 0 < ev total).
  Proof.
    intros P. apply (summed_sound K L v). intros m c H. apply in_map_iff in H as (e & E & _).
    now apply (clue_true p e m).
  Qed.

  Lemma shows_sound p target clues : place_at p -> shows M p target clues = true -> 0 <= ev target.
  Proof.
    intros P. unfold shows. destruct (summed (map (clue_of M p) clues)) as [[total b] |] eqn:G; try discriminate.
    destruct (fixed (minus target total)) as [c |] eqn:F; try discriminate. intros H. apply Qle_bool_iff in H.
    rewrite (rest_split K L v U target total c F). apply (le_add K L); [now apply (rat_pos K L) |].
    now apply (clues_sound p clues total b P G).
  Qed.

  Lemma contradictory_sound p clues : place_at p -> contradictory M p clues = true -> False.
  Proof.
    intros P. unfold contradictory. destruct (summed (map (clue_of M p) clues)) as [[total b] |] eqn:G; try discriminate.
    destruct (fixed total) as [c |] eqn:F; try discriminate.
    destruct (clues_sound p clues total b P G) as [H1 H2]. apply (eval_fixed K L v total c U) in F. rewrite F in *.
    rewrite orb_true_iff, negb_true_iff, andb_true_iff. intros [N | [-> N]].
    - apply (fun H => lt_not_le K L _ _ H H1). rewrite <- (rat_0 K L). apply (rat_lt K L).
      apply Qnot_le_lt. intros Z. apply Qle_bool_iff in Z. congruence.
    - apply Qle_bool_iff in N. apply (lt_not_le K L _ _ (H2 eq_refl)).
      rewrite <- (rat_0 K L). now apply (rat_le K L).
  Qed.

  Lemma bound_by_at p b p' : place_at p -> bound_by M p b = Some p' -> place_at p'.
  Proof.
    intros P. destruct b as [k q clues | k q clues]; cbn [bound_by];
      destruct (argument M k) as [l |] eqn:G; try discriminate.
    - destruct (shows M p (minus l (constant q)) clues) eqn:S; try discriminate. intros [= <-].
      apply (shows_sound p _ _ P) in S. rewrite (eval_minus K L), (eval_constant K L) in S by trivial.
      apply (le_sub K L) in S. destruct P as [P1 P2 P3 P4 P5]. constructor; trivial; cbn [lowers with_lower].
      intros j r e. unfold find. destruct (Pos.eq_dec j k) as [-> | N].
      + rewrite PositiveMap.gss. intros [= <-] E. rewrite G in E. now injection E as <-.
      + rewrite PositiveMap.gso by auto. apply P4.
    - destruct (shows M p (minus (constant q) l) clues) eqn:S; try discriminate. intros [= <-].
      apply (shows_sound p _ _ P) in S. rewrite (eval_minus K L), (eval_constant K L) in S by trivial.
      apply (le_sub K L) in S. destruct P as [P1 P2 P3 P4 P5]. constructor; trivial; cbn [uppers with_upper].
      intros j r e. unfold find. destruct (Pos.eq_dec j k) as [-> | N].
      + rewrite PositiveMap.gss. intros [= <-] E. rewrite G in E. now injection E as <-.
      + rewrite PositiveMap.gso by auto. apply P5.
  Qed.

  Lemma bounded_by_at bs : forall p p', place_at p -> bounded_by M p bs = Some p' -> place_at p'.
  Proof.
    induction bs as [| b bs IH]; cbn [bounded_by]; intros p p' P.
    - now intros [= <-].
    - destruct (bound_by M p b) as [q |] eqn:B; try discriminate. apply IH. now apply (bound_by_at p b).
  Qed.

  Lemma suppose_at p k (on : bool) l : place_at p -> argument M k = Some l -> (if on then 0 <= ev l else ev l <= 0) ->
    place_at (suppose p k on).
  Proof.
    intros [P1 P2 P3 P4 P5] G H. constructor; trivial; cbn [supposed suppose].
    intros j side e. unfold find. destruct (Pos.eq_dec j k) as [-> | N].
    - rewrite PositiveMap.gss. intros [= <-] E. rewrite G in E. now injection E as <-.
    - rewrite PositiveMap.gso by auto. apply P3.
  Qed.

  Lemma divided_at p c : place_at p -> true_at K v c -> place_at (put p (constraints p ++ [c]) (parts p)).
  Proof.
    intros [P1 P2 P3 P4 P5] H. constructor; trivial. cbn [constraints put]. apply Forall_app. split; trivial.
    now constructor.
  Qed.

  Lemma never_sound t : forall p, place_at p -> never M t p = true -> False.
  Proof.
    induction t as [clues | f above IHa below IHb | k active IHa inactive IHb | bs t IH]; cbn [never]; intros p P H.
    - now apply (contradictory_sound p clues).
    - apply andb_true_iff in H as [H1 H2]. destruct (le_total K L 0 (ev f)) as [S | S].
      + apply (IHa _ (divided_at p (f, Nonnegative) P S) H1).
      + refine (IHb _ (divided_at p (scale (-1) f, Nonnegative) P _) H2). unfold true_at; cbn [fst snd].
        rewrite (opposite K L). now apply (sub_le K L).
    - destruct (argument M k) as [l |] eqn:G; try discriminate. apply andb_true_iff in H as [H1 H2].
      destruct (le_total K L 0 (ev l)) as [S | S].
      + now apply (IHa _ (suppose_at p k true l P G S)).
      + now apply (IHb _ (suppose_at p k false l P G S)).
    - destruct (bounded_by M p bs) as [p' |] eqn:B; try discriminate.
      apply (IH p'); trivial. now apply (bounded_by_at bs p).
  Qed.

  Lemma start_at cs ps : all_at K v cs -> all_at K v ps -> place_at (start cs ps).
  Proof.
    intros C P. constructor; trivial; cbn [supposed lowers uppers start]; intros k q l; unfold find;
      now rewrite PositiveMap.gempty.
  Qed.

  Lemma none_happens_sound cs violations : forall ts, all_at K v cs -> none_happens M cs violations ts = true ->
    ~ Exists (all_at K v) violations.
  Proof.
    induction violations as [| ps violations IH]; intros [| t ts] C; cbn [none_happens]; try discriminate; intros H E.
    - inversion E.
    - apply andb_true_iff in H as [H1 H2]. inversion E as [? ? P | ? ? P]; subst.
      + now apply (never_sound t (start cs ps)); [apply start_at |].
      + now apply (IH ts C H2).
  Qed.

  Lemma nonzero_at ds : ~ Exists (all_at K v) (flat_map nonzero ds) -> Forall (fun d => ev d = 0) ds.
  Proof.
    intros N. apply Forall_forall. intros d Hd.
    assert (P : forall c, In [c] (nonzero d) -> ~ true_at K v c).
    { intros c Hc T. apply N, Exists_exists. exists [c]. split; [| now constructor].
      apply in_flat_map. now exists d. }
    destruct d as [| t d]; [reflexivity |]. set (f := t :: d) in *. unfold f at 1 in P. cbn [nonzero] in P. fold f in P.
    assert (P1 := P _ (or_introl eq_refl)). assert (P2 := P _ (or_intror (or_introl eq_refl))).
    unfold true_at in P1, P2. cbn [fst snd] in P1, P2. rewrite (opposite K L) in P2.
    destruct (le_or_lt K L (ev f) 0) as [S | S]; [| now destruct P1].
    destruct (le_or_lt K L 0 (ev f)) as [T | T]; [now apply (le_antisym K L) |].
    destruct P2. now apply (sub_lt K L).
  Qed.
End Sound.
