(** How a cell ends: what shows that its differences are zero. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive Lia.
From Relucirc Require Import Statement Laws Forms Evidence Steps Trees Symmetry ZeroOne Bounding Boxes.
Import ListNotations.

Definition no_atoms : atoms := PositiveMap.empty _.
Definition no_values : table form := PositiveMap.empty _.

Fixpoint enter (k : positive) (l : list (list form)) (M : atoms) : option atoms :=
  match l with
  | [] => Some M
  | e :: l' =>
    if forallb (forallb (fun t => Pos.ltb (fst t) k)) e then enter (Pos.succ k) l' (PositiveMap.add k e M) else None
  end.

Fixpoint advance {T} (k : positive) (l : list T) : positive :=
  match l with [] => k | _ :: l' => advance (Pos.succ k) l' end.

Lemma advance_above {T} (l : list T) : forall k, (1 < k)%positive -> (1 < advance k l)%positive.
Proof. induction l as [| e l IH]; simpl; intros k H; trivial. apply IH. lia. Qed.

Lemma advance_least {T} (l : list T) : forall k, (k <= advance k l)%positive.
Proof. induction l as [| e l IH]; simpl; intros k; [lia |]. specialize (IH (Pos.succ k)). lia. Qed.

(** A relation between atoms: [vanishing] is zero, since it is so once some atoms are opened, that is replaced by forms
    of their own, over further atoms and the atoms that stay.  Of these the facts [supposed] are known.  It gives the
    variable [pivot] in terms of others. *)
Record lemma := {
  vanishing : form;
  pivot : positive;
  raw : bool;
  supposed : list fact;
  lemma_atoms : list (list form);
  opened : list (positive * list step)
}.

(** What shows that the differences are zero: they are so as forms, by a tree of regions, or by the 0-1 principle, as
    sums of wires, of base forms and of minima and maxima of earlier ones; or with the help of a lemma.  [Bounded]: that
    none is positive or negative, or that no violation of another claim happens; [Boxed]: so, on a box.  [Symmetric]: as
    for the rest, where the first input of a chain is the largest, and each is at least as large as the next; [links] are
    the others, each with what becomes of the atoms when it is exchanged with the one before. *)
Inductive finish :=
| Same
| Regions (t : tree)
| Wires (base : list form) (gates : list (positive * (nat * nat))) (rows : list (list (nat * Q)))
| Bounded (ts : list bounding)
| Boxed (b : boxed)
| Symmetric (first : positive) (links : list (positive * exchange)) (rest : finish)
| Solve (l : lemma) (inner rest : finish).

Definition is_nil (f : form) : bool := match f with [] => true | _ => false end.

Definition low (k : positive) (f : form) : bool := forallb (fun t => Pos.ltb (fst t) k) f.

(** Facts about the definitions in [M], which [S] reduces. *)
Fixpoint know (next : positive) (M : atoms) (S : table form) (cs : list known) (facts : list fact)
  : option (list known) :=
  match facts with
  | [] => Some []
  | f :: facts' =>
    match fact_of M cs f, know next M S cs facts' with
    | Some (_, (g, s)), Some rest =>
      let g := replace_by S g in
      if low next g then Some ((g, s) :: rest) else None
    | _, _ => None
    end
  end.

(** The maximum of a list: of the first two, which then stands last, and so on. *)
Fixpoint tournament (M : atoms) (cs : list known) (steps : list step) (fs : list form) : option form :=
  match fs, steps with
  | [f], _ => Some f
  | f :: g :: fs', s :: steps' =>
    match maximum M cs f g s with Some h => tournament M cs steps' (fs' ++ [h]) | None => None end
  | _, _ => None
  end.

(** The forms of opened atoms, one after another; [M] has their definitions, which [S] reduces. *)
Fixpoint opening (next : positive) (M M' : atoms) (S : table form) (cs : list known) (l : list (positive * list step))
  (T : table form) : option (table form) :=
  match l with
  | [] => Some T
  | (k, steps) :: l' =>
    match find k M with
    | Some es =>
      let rs := map (replace_by S) es in
      if Pos.ltb k next && forallb (low next) rs then
        match tournament M' cs steps ([] :: map (replace_by T) rs) with
        | Some g => opening next M M' S cs l' (PositiveMap.add k g T)
        | None => None
        end
      else None
    | None => None
    end
  end.

(** The pivots solved so far, and one more. *)
Definition add_pivot (p : positive) (z : form) (S : table form) : option (table form) :=
  let c := coefficient z p in
  if is_zero c then None
  else
    let g := scale (Qred (- / c)) (without p z) in
    Some (PositiveMap.add p g (PositiveMap.map (replace_by (PositiveMap.add p g no_values)) S)).

Definition settled (S : table form) (M : atoms) : atoms := PositiveMap.map (map (replace_by S)) M.

Section Finish.
  (** What is below [base] is an input, or of a lemma a free variable; the atoms in [M] are from there on. *)
  Fixpoint finished (base : positive) (e : finish) (next : positive) (M : atoms) (S : table form) (cs : list known)
    (ds : list form) : bool :=
    match e with
    | Same => forallb is_nil (map (replace_by S) ds)
    | Regions t => check_tree (settled S M) (map (replace_by S) ds) t cs no_values
    | Wires base gates rows => check_zero_one (settled S M) (map (replace_by S) ds) base gates rows
    | Bounded ts => none_happens (settled S M) cs (flat_map nonzero (map (replace_by S) ds)) ts
    | Boxed b => box_covered (settled S M) cs b (flat_map nonzero (map (replace_by S) ds))
    | Symmetric i links rest =>
      let ds := map (replace_by S) ds in
      chained base M ds i links &&
      finished base rest next M no_values (kept base (i :: map fst links) cs ++ order i (map fst links)) ds
    | Solve l inner rest =>
      (* inside of a lemma whatever is not opened is a free variable *)
      match know next M (if raw l then no_values else S) cs (supposed l), enter next (lemma_atoms l) no_atoms with
      | Some cs', Some M' =>
        match opening next M M' (if raw l then no_values else S) cs' (opened l) no_values,
          add_pivot (pivot l) (replace_by S (vanishing l)) S with
        | Some T, Some S' =>
          low next (vanishing l) &&
          finished next inner (advance next (lemma_atoms l)) M' no_values cs' [replace_by T (vanishing l)] &&
          finished base rest next M S' cs ds
        | _, _ => false
        end
      | _, _ => false
      end
    end.

  (** Whether a sign is not that of a number. *)
  Definition impossible (c : known) : bool :=
    match fixed (fst c), snd c with
    | Some q, Positive => Qle_bool q 0
    | Some q, Nonnegative => negb (Qle_bool 0 q)
    | _, _ => false
    end.

  Fixpoint positive_part (ps : list known) : option form :=
    match ps with
    | [] => None
    | (d, Positive) :: _ => Some d
    | _ :: ps' => positive_part ps'
    end.

  (** What each violation says to be positive first, but for those that say of a number what it is not. *)
  Fixpoint heads (violations : list (list known)) : option (list form) :=
    match violations with
    | [] => Some []
    | ps :: violations' =>
      if existsb impossible ps then heads violations'
      else match positive_part ps with Some d => option_map (cons d) (heads violations') | None => None end
    end.

  (** That no violation happens: by bounds, or since what each says to be positive is zero. *)
  Definition none_broken (base next : positive) (M : atoms) (cs : list known) (e : finish)
    (violations : list (list known)) : bool :=
    match e with
    | Bounded ts => none_happens M cs violations ts
    | Boxed b => box_covered M cs b violations
    | _ => match heads violations with Some ds => finished base e next M no_values cs ds | None => false end
    end.
End Finish.

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

  Lemma no_atoms_at v : atoms_at K v no_atoms.
  Proof. intros k l. unfold find, no_atoms. now rewrite PositiveMap.gempty. Qed.

  Lemma no_values_at v : values_at K v no_values.
  Proof. intros k l. unfold find, no_values. now rewrite PositiveMap.gempty. Qed.

  (** * Atoms *)

  Definition ordered (k : positive) (M : atoms) : Prop :=
    forall j l, find j M = Some l -> (j < k)%positive /\ forall f i c, In f l -> In (i, c) f -> (i < k)%positive.

  Lemma enter_sound l : forall k M M' v, (1 < k)%positive -> unit_at K v -> atoms_at K v M -> ordered k M ->
    enter k l M = Some M' ->
    exists w, unit_at K w /\ atoms_at K w M' /\ (forall j, (j < k)%positive -> w j = v j) /\ ordered (advance k l) M'.
  Proof.
    induction l as [| e l IH]; simpl; intros k M M' v Hk U A O H.
    - injection H as <-. exists v. auto.
    - destruct (forallb (forallb (fun t => (fst t <? k)%positive)) e) eqn:B; try discriminate.
      assert (Low : forall f i c, In f e -> In (i, c) f -> (i < k)%positive).
      { intros f i c Hf Hi. rewrite forallb_forall in B. specialize (B f Hf). rewrite forallb_forall in B.
        specialize (B _ Hi). now apply Pos.ltb_lt in B. }
      destruct (is_max_exists K L (eval K v []) (map (eval K v) e)) as [m Hm].
      set (w := fun j => if Pos.eqb j k then m else v j).
      assert (W : forall j, (j < k)%positive -> w j = v j).
      { intros j Hj. unfold w. destruct (Pos.eqb_spec j k); trivial. lia. }
      assert (Ext : forall f, (forall i c, In (i, c) f -> (i < k)%positive) -> eval K w f = eval K v f).
      { intros f Hf. apply eval_ext. intros i c Hi. apply W. eauto. }
      destruct (IH (Pos.succ k) (PositiveMap.add k e M) M' w) as (u & U' & A' & E' & O'); trivial.
      + lia.
      + unfold unit_at in *. now rewrite W.
      + intros j g. unfold find. destruct (Pos.eq_dec j k) as [-> | N].
        * rewrite PositiveMap.gss. intros [= <-].
          replace (map (eval K w) ([] :: e)) with (map (eval K v) ([] :: e)).
          -- unfold w. rewrite Pos.eqb_refl. exact Hm.
          -- simpl. f_equal. apply map_ext_in. intros f Hf. symmetry. apply Ext. eauto.
        * rewrite PositiveMap.gso by auto. intros F. destruct (O j g F) as [Hj Hg].
          replace (map (eval K w) ([] :: g)) with (map (eval K v) ([] :: g)).
          -- rewrite W by trivial. now apply A.
          -- simpl. f_equal. apply map_ext_in. intros f Hf. symmetry. apply Ext. eauto.
      + intros j g. unfold find. destruct (Pos.eq_dec j k) as [-> | N].
        * rewrite PositiveMap.gss. intros [= <-]. split; [lia |]. intros f i c Hf Hi. specialize (Low f i c Hf Hi). lia.
        * rewrite PositiveMap.gso by auto. intros F. destruct (O j g F) as [Hj Hg].
          split; [lia |]. intros f i c Hf Hi. specialize (Hg f i c Hf Hi). lia.
      + exists u. split; trivial. split; trivial. split; trivial. intros j Hj. rewrite E' by lia. now apply W.
  Qed.

  Lemma no_atoms_ordered k : ordered k no_atoms.
  Proof. intros j l. unfold find, no_atoms. now rewrite PositiveMap.gempty. Qed.

  (** * Lemmas *)

  Lemma low_at next v w f : (forall j, (j < next)%positive -> w j = v j) -> low next f = true ->
    eval K w f = eval K v f.
  Proof.
    unfold low. rewrite forallb_forall. intros E H. apply eval_ext. intros k c Hk. apply E.
    specialize (H _ Hk). now apply Pos.ltb_lt in H.
  Qed.

  Lemma know_at next v w M S cs facts cs' : (forall j, (j < next)%positive -> w j = v j) ->
    atoms_at K v M -> values_at K v S -> all_at K v cs -> know next M S cs facts = Some cs' -> all_at K w cs'.
  Proof.
    intros E A V C. revert cs'. induction facts as [| f facts IH]; cbn [know]; intros cs'.
    - intros [= <-]. constructor.
    - destruct (fact_of M cs f) as [[m [g s]] |] eqn:F; try discriminate.
      destruct (know next M S cs facts) as [rest |]; try discriminate. cbv zeta.
      destruct (low next (replace_by S g)) eqn:Low; try discriminate. intros [= <-]. constructor; [| now apply IH].
      apply (fact_true K L v M cs f m _ A C) in F. unfold true_at in *; cbn [fst snd] in *.
      now rewrite (low_at next v w), (eval_replace K L v S g V).
  Qed.

  Lemma tournament_at v M cs steps fs g : unit_at K v -> atoms_at K v M -> all_at K v cs ->
    tournament M cs steps fs = Some g -> is_max K (map (eval K v) fs) (eval K v g).
  Proof.
    intros U A C. revert fs. induction steps as [| s steps IH]; intros [| f [| h fs]]; simpl; try discriminate;
      try (intros [= <-]; split; simpl; auto; intros y [<- | []]; apply (le_refl K L)).
    destruct (maximum M cs f h s) as [m |] eqn:E; try discriminate. intros H. apply IH in H as [H1 H2].
    apply (maximum_sound K L v U M A cs C) in E. rewrite map_app in H1, H2. cbn [map] in H1, H2. rewrite E in H1, H2.
    destruct (is_max_two K L (eval K v f) (eval K v h)) as [T1 T2]. split.
    - apply in_app_or in H1 as [H1 | [H1 | []]]; [now right; right |]. rewrite <- H1.
      destruct T1 as [T1 | [T1 | []]]; [now left | now right; left].
    - intros y [Hy | [Hy | Hy]]; [| | apply H2, in_or_app; now left];
        (apply (le_trans K L _ (max K (eval K v f) (eval K v h))); [apply T2; simpl; auto |]);
        apply H2, in_or_app; right; now left.
  Qed.

  Lemma opening_at next v w M M' S cs l T T' : (forall j, (j < next)%positive -> w j = v j) ->
    unit_at K w -> atoms_at K v M -> atoms_at K w M' -> values_at K v S -> all_at K w cs -> values_at K w T ->
    opening next M M' S cs l T = Some T' -> values_at K w T'.
  Proof.
    intros E U A A' VS C. revert T. induction l as [| [k steps] l IH]; simpl; intros T V.
    - now intros [= <-].
    - destruct (find k M) as [es |] eqn:F; try discriminate.
      destruct (Pos.ltb k next && forallb (low next) (map (replace_by S) es)) eqn:B; try discriminate.
      apply andb_true_iff in B as [B1 B2]. apply Pos.ltb_lt in B1.
      destruct (tournament M' cs steps ([] :: map (replace_by T) (map (replace_by S) es))) as [g |] eqn:X; try discriminate.
      apply IH. apply (tournament_at w _ _ _ _ _ U A' C) in X.
      intros j f. unfold find. destruct (Pos.eq_dec j k) as [-> | N].
      + rewrite PositiveMap.gss. intros [= <-]. rewrite E by trivial. apply (A k es) in F.
        apply (is_max_unique K L _ _ _ X). match goal with |- is_max K ?l _ => replace l with (map (eval K v) ([] :: es)); trivial end.
        simpl. f_equal. rewrite !map_map. apply map_ext_in. intros e He.
        rewrite forallb_forall in B2. specialize (B2 (replace_by S e) (in_map _ _ _ He)).
        rewrite (eval_replace K L w T _ V), (low_at next v w _ E B2). symmetry. now apply (eval_replace K L).
      + rewrite PositiveMap.gso by auto. apply V.
  Qed.

  Lemma add_pivot_at v p z S S' : values_at K v S -> eval K v z = 0 -> add_pivot p z S = Some S' -> values_at K v S'.
  Proof.
    intros V Z. unfold add_pivot. cbv zeta. set (c := coefficient z p).
    set (g := scale (Qred (- / c)) (without p z)). set (one := PositiveMap.add p g no_values).
    destruct (is_zero c) eqn:N; try discriminate. intros E.
    assert (E' : S' = PositiveMap.add p g (PositiveMap.map (replace_by one) S)) by congruence. subst S'. clear E.
    assert (G : eval K v g = v p).
    { unfold g. rewrite (eval_scale K L). rewrite (eval_without K L v p z) in Z. fold c in Z.
      assert (E : rat K (Qred (- / c)) * rat K c = 0 - 1).
      { rewrite <- (rat_mul K L), <- (rat_minus_one K L). apply (rat_eq K L). rewrite Qred_correct.
        setoid_replace (- / c * c)%Q with (- (c * / c))%Q by ring. rewrite Qmult_inv_r; [reflexivity |].
        intros E. destruct c as [[] d]; discriminate. }
      replace (rat K (Qred (- / c)) * eval K v (without p z)) with
        (rat K (Qred (- / c)) * (rat K c * v p + eval K v (without p z)) - rat K (Qred (- / c)) * rat K c * v p) by ring.
      rewrite Z, E. ring. }
    assert (One : values_at K v one).
    { intros j f. unfold one, find. destruct (Pos.eq_dec j p) as [-> | D].
      - rewrite PositiveMap.gss. now intros [= <-].
      - rewrite PositiveMap.gso by auto. apply no_values_at. }
    clearbody one. intros j f. unfold find. destruct (Pos.eq_dec j p) as [-> | D].
    - rewrite PositiveMap.gss. now intros [= <-].
    - rewrite PositiveMap.gso by auto. unfold PositiveMap.map. rewrite PositiveMap.gmapi.
      destruct (PositiveMap.find j S) as [h |] eqn:F; cbn [option_map]; try discriminate. intros E. injection E as E.
      rewrite <- E, (eval_replace K L v _ h One). now apply V.
  Qed.

  Lemma settled_at v S M : values_at K v S -> atoms_at K v M -> atoms_at K v (settled S M).
  Proof.
    intros V A k l. unfold find, settled, PositiveMap.map. rewrite PositiveMap.gmapi.
    destruct (PositiveMap.find k M) as [es |] eqn:F; simpl; try discriminate. intros [= <-]. apply (A k es) in F.
    rewrite map_map. erewrite (map_ext _ (eval K v)); [exact F |]. intros e. now apply (eval_replace K L).
  Qed.

  Lemma reduced_at v S ds : values_at K v S -> Forall (fun d => eval K v d = 0) (map (replace_by S) ds) ->
    Forall (fun d => eval K v d = 0) ds.
  Proof.
    intros V H. apply Forall_map in H. eapply Forall_impl; [| exact H]. intros d. simpl.
    now rewrite (eval_replace K L v S d V).
  Qed.

  Lemma no_atoms_rebuild base : rebuilds K base no_atoms.
  Proof. intros u U. exists u. split; trivial. split; trivial. apply no_atoms_at. Qed.

  Lemma enter_rebuilds base k l M M' : (1 < k)%positive -> (base <= k)%positive -> ordered k M -> rebuilds K base M ->
    enter k l M = Some M' -> rebuilds K base M'.
  Proof.
    intros Hk Hb O R En u U. destruct (R u U) as (w & U1 & A1 & B1).
    destruct (enter_sound l k M M' w Hk U1 A1 O En) as (w' & U2 & A2 & B2 & _).
    exists w'. split; trivial. split; trivial. intros j Hj. rewrite B2 by lia. auto.
  Qed.

  Lemma same_zeros v w ds : map (eval K w) ds = map (eval K v) ds -> Forall (fun d => eval K w d = 0) ds ->
    Forall (fun d => eval K v d = 0) ds.
  Proof.
    intros E H. induction H as [| d ds Z F IH]; constructor; injection E as E1 E2; auto. now rewrite <- E1.
  Qed.

  Lemma finished_sound e : forall base v next M S cs ds, unit_at K v -> atoms_at K v M -> ordered next M ->
    (1 < next)%positive -> (base <= next)%positive -> rebuilds K base M ->
    values_at K v S -> all_at K v cs -> finished base e next M S cs ds = true ->
    Forall (fun d => eval K v d = 0) ds.
  Proof.
    induction e as [| t | wires gates rows | ts | b | i links rest IHr | l inner IHi rest IHr]; cbn [finished];
      intros base v next M S cs ds U A O N Hb Re V C H.
    - apply (reduced_at v S ds V). rewrite forallb_forall in H. apply Forall_forall. intros d Hd.
      specialize (H d Hd). now destruct d.
    - apply (reduced_at v S ds V). apply (tree_sound K L v U (settled S M) (settled_at v S M V A) _ t cs no_values);
        trivial. apply no_values_at.
    - apply (reduced_at v S ds V). now apply (zero_one_sound K L v (settled S M) (settled_at v S M V A)) in H.
    - apply (reduced_at v S ds V), (nonzero_at K L v).
      now apply (none_happens_sound K L v U (settled S M) (settled_at v S M V A) cs _ ts).
    - apply (reduced_at v S ds V), (nonzero_at K L v).
      now apply (box_covered_sound K L v (settled S M) cs b); [| apply settled_at | |].
    - apply andb_true_iff in H as [H1 H2]. apply (reduced_at v S ds V).
      destruct (ordered_point K L base M _ Re v i links cs U A C H1) as (w & U' & A' & C' & E).
      apply (IHr base w next M no_values _ _ U' A' O N Hb Re (no_values_at w) C') in H2.
      exact (same_zeros v w _ E H2).
    - assert (V' : values_at K v (if raw l then no_values else S)) by (destruct (raw l); trivial; apply no_values_at).
      destruct (know next M (if raw l then no_values else S) cs (supposed l)) as [cs' |] eqn:Kn; try discriminate.
      destruct (enter next (lemma_atoms l) no_atoms) as [M' |] eqn:En; try discriminate.
      destruct (enter_sound _ _ _ _ v N U (no_atoms_at v) (no_atoms_ordered _) En) as (w & U' & A' & W & O').
      destruct (opening next M M' (if raw l then no_values else S) cs' (opened l) no_values) as [T |] eqn:Op;
        try discriminate.
      destruct (add_pivot (pivot l) (replace_by S (vanishing l)) S) as [S' |] eqn:Pi; try discriminate.
      rewrite !andb_true_iff in H. destruct H as [[Low Inner] Rest].
      pose proof (know_at next v w M _ cs _ cs' W A V' C Kn) as C'.
      assert (VT : values_at K w T).
      { apply (opening_at next v w M M' (if raw l then no_values else S) cs' (opened l) no_values T); trivial.
        apply no_values_at. }
      pose proof (enter_rebuilds next next _ no_atoms M' N (Pos.le_refl _) (no_atoms_ordered _) (no_atoms_rebuild next)
        En) as Re'.
      apply (IHi next w _ M' no_values cs' _ U' A' O' (advance_above _ _ N) (advance_least _ _) Re' (no_values_at w) C')
        in Inner.
      inversion Inner as [| ? ? Z _]. subst. rewrite (eval_replace K L w T _ VT), (low_at next v w _ W Low) in Z.
      apply (IHr base v next M S' cs ds U A O N Hb Re); trivial.
      apply (add_pivot_at v (pivot l) (replace_by S (vanishing l)) S S' V); trivial.
      now rewrite (eval_replace K L v S _ V).
  Qed.

  Lemma impossible_at v c : unit_at K v -> impossible c = true -> ~ true_at K v c.
  Proof.
    intros U. destruct c as [f s]. unfold impossible, true_at; cbn [fst snd].
    destruct (fixed f) as [q |] eqn:F; try discriminate. apply (eval_fixed K L v) in F; trivial. rewrite F.
    destruct s; try discriminate; intros H T.
    - apply (lt_not_le K L _ _ T). rewrite <- (rat_0 K L). apply (rat_le K L). now apply Qle_bool_iff.
    - apply negb_true_iff in H. refine (lt_not_le K L (rat K q) 0 _ T). rewrite <- (rat_0 K L). apply (rat_lt K L).
      apply Qnot_le_lt. intros N. apply Qle_bool_iff in N. congruence.
  Qed.

  Lemma positive_part_in ps d : positive_part ps = Some d -> In (d, Positive) ps.
  Proof.
    induction ps as [| [f s] ps IH]; cbn [positive_part]; try discriminate.
    destruct s; [intros [= <-]; now left | right; auto | right; auto].
  Qed.

  Lemma heads_at v violations : unit_at K v -> forall ds, heads violations = Some ds ->
    Forall (fun d => eval K v d = 0) ds -> ~ Exists (all_at K v) violations.
  Proof.
    intros U. induction violations as [| ps violations IH]; cbn [heads]; intros ds H F E.
    - inversion E.
    - destruct (existsb impossible ps) eqn:I.
      + inversion E as [? ? P | ? ? P]; subst; [| now apply (IH ds)]. apply existsb_exists in I as (c & Hc & I).
        unfold all_at in P. rewrite Forall_forall in P. exact (impossible_at v c U I (P c Hc)).
      + destruct (positive_part ps) as [d |] eqn:D; try discriminate.
        destruct (heads violations) as [ds' |]; try discriminate. injection H as <-.
        inversion F as [| ? ? Z F']. subst. inversion E as [? ? P | ? ? P]; subst; [| now apply (IH ds')].
        unfold all_at in P. rewrite Forall_forall in P. specialize (P _ (positive_part_in ps d D)).
        unfold true_at in P; cbn [fst snd] in P. rewrite Z in P. now apply (lt_irrefl K L) in P.
  Qed.

  Lemma none_broken_sound base v next M cs e violations : unit_at K v -> atoms_at K v M -> ordered next M ->
    (1 < next)%positive -> (base <= next)%positive -> rebuilds K base M -> all_at K v cs ->
    none_broken base next M cs e violations = true -> ~ Exists (all_at K v) violations.
  Proof.
    intros U A O N Hb Re C. unfold none_broken.
    assert (General : match heads violations with Some ds => finished base e next M no_values cs ds | None => false end
      = true -> ~ Exists (all_at K v) violations).
    { destruct (heads violations) as [ds |] eqn:E; try discriminate. intros H. apply (heads_at v violations U ds E).
      exact (finished_sound e base v next M no_values cs ds U A O N Hb Re (no_values_at v) C H). }
    destruct e as [| | | ts | b | |]; trivial.
    - now apply (none_happens_sound K L v U M A cs violations ts).
    - now apply (box_covered_sound K L v M cs b violations).
  Qed.
End Sound.
