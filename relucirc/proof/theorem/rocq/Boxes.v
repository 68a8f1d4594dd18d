(** Boxes: violations happen nowhere in a box, which is cut into smaller ones until bounds by substitution show it. *)

From Coq Require Import List ZArith QArith Bool Ring Lia FMapPositive.
From Relucirc Require Import Statement Laws Forms Evidence Steps Trees Bounding Substitution.
Import ListNotations.

(** [Renew]: bound all hinges that may still have either sign.  [Half k z]: below and above [z], from the lower end of
    input [k] on.  [Exclude i ws slopes]: the parts of the [i]-th violation left, with weights [ws], are negative
    together; some hinges keep so many 32nds of a positive coefficient. *)
Inductive boxes :=
| Renew (t : boxes)
| Half (k : positive) (z : Z) (below above : boxes)
| Exclude (i : nat) (weights : list Q) (slopes : list (positive * Z)) (t : boxes)
| Settled.

(** The ends of an input, with facts that show them. *)
Record side := { side_of : positive; from : Q; from_facts : list fact; upto : Q; upto_facts : list fact }.

(** The hinges in ascending order, with which to start; those of [pairs] are each a pair with the one before. *)
Record boxed :=
  { places : nat; sides : list side; hinges : list positive; pairs : list positive; cover : boxes }.

Definition undecided (e : option (Z * Z)) : bool :=
  match e with Some (a, b) => (a <? 0)%Z && (0 <? b)%Z | None => true end.

(** How far the line above the positive part, between the ends of its argument, is above it at most. *)
Definition height (e : option (Z * Z)) : Z :=
  match e with Some (a, b) => if undecided e then Z.div (- a * b) (b - a) else 0%Z | None => 0%Z end.

(** Whether bounds of a difference promise more than those of two arguments. *)
Definition tells (e f difference : option (Z * Z)) : bool :=
  match difference with Some (a, b) => (Z.max (- a) b <? 2 * (height e + height f))%Z | None => false end.

Section Tree.
  Variable bits : nat.

  Definition no_slopes : table Z := PositiveMap.empty _.

  (** A bound [a] of a row, or a better one with other slopes. *)
  Definition raised (slopes : table Z) (box : table (Z * Z)) (done : list hinge) (r : row) (a : Z) : Z :=
    match lowest bits slopes box done r with Some b => Z.max a b | None => a end.

  (** Whether a row reads inputs only, so that slopes of hinges do not matter. *)
  Definition over_inputs_only (box : table (Z * Z)) (r : row) : bool :=
    forallb (fun t => match find (fst t) box with Some _ => true | None => false end) r.

  (** New bounds of a form over the hinges [done], the highest first.  Where these do not decide its sign, it is bounded
      again with nothing kept of open hinges, which [zeros] says. *)
  Definition bounded (zeros : option (table Z)) (box : table (Z * Z)) (done : list hinge) (f : between)
    : option between :=
    let below := under f in
    let above := opposite_row (over f) in
    match lowest bits no_slopes box done below, lowest bits no_slopes box done above with
    | Some a, Some b =>
      let again := if (a <? 0)%Z && (b <? 0)%Z && negb (over_inputs_only box below) then zeros else None in
      let better r x := match again with Some slopes => raised slopes box done r x | None => x end in
      let a := better below a in
      let b := better above b in
      let here := match ends f with Some (a', b') => (Z.max a a', Z.min (- b) b') | None => (a, (- b)%Z) end in
      Some {| under := under f; over := over f; ends := Some here |}
    | _, _ => None
    end.

  (** The same of the difference of a hinge's argument [f], just bounded, and its partner's, while one is undecided. *)
  Definition rejoined (box : table (Z * Z)) (done : list hinge) (f : between) (p : partner) : option (option partner) :=
    match done with
    | g :: _ =>
      let e := ends (inner g) in
      if negb (Pos.eqb (at_variable g) (beside p)) then None
      else if undecided (ends f) || undecided e then
        match bounded None box done (gap p) with
        | Some z =>
          Some (Some {| beside := beside p; its_ends := e; gap := z; telling := tells (ends f) e (ends z) |})
        | None => None
        end
      else Some None
    | [] => None
    end.

  (** New bounds of hinges, the lowest first; [done] are those below. *)
  Fixpoint renewed (box : table (Z * Z)) (hs done : list hinge) (zeros : table Z) : option (list hinge) :=
    match hs with
    | [] => Some done
    | h :: hs' =>
      match (if undecided (ends (inner h)) then bounded (Some zeros) box done (inner h) else Some (inner h)) with
      | Some f =>
        match (match joined h with Some p => rejoined box done f p | None => Some None end) with
        | Some p =>
          renewed box hs' ({| at_variable := at_variable h; inner := f; joined := p |} :: done)
            (if undecided (ends f) then PositiveMap.add (at_variable h) 0%Z zeros else zeros)
        | None => None
        end
      | None => None
      end
    end.

  Definition table_of (l : list (positive * Z)) : table Z :=
    fold_right (fun e t => PositiveMap.add (fst e) (snd e) t) no_slopes l.

  Fixpoint dropped {T} (i : nat) (l : list T) : list T :=
    match i, l with
    | O, _ :: l' => l'
    | S i', a :: l' => a :: dropped i' l'
    | _, [] => []
    end.

  Fixpoint weigh (ws : list Q) (ps : list known) : list (option (Q * known)) :=
    match ws, ps with
    | w :: ws', p :: ps' => if is_zero w then weigh ws' ps' else Some (w, p) :: weigh ws' ps'
    | _, _ => []
    end.

  (** Turns a form over inputs and hinges into a row below it. *)
  Variable row_of : form -> option row.

  Fixpoint covered (t : boxes) (box : table (Z * Z)) (hs : list hinge) (left : list (list known)) : bool :=
    match t with
    | Renew t' => match renewed box (rev hs) [] no_slopes with Some hs' => covered t' box hs' left | None => false end
    | Half k z below above =>
      match find k box with
      | Some (a, b) =>
        (a <=? z)%Z && covered below (PositiveMap.add k (a, z) box) hs left
        && covered above (PositiveMap.add k (z, b) box) hs left
      | None => false
      end
    | Exclude i ws slopes t' =>
      match nth_error left i with
      | Some ps =>
        match summed (weigh ws ps) with
        | Some (total, strict) =>
          match row_of (scale (-1) total) with
          | Some r =>
            match lowest bits (table_of slopes) box hs r with
            | Some z => ((0 <? z)%Z || strict && (0 <=? z)%Z) && covered t' box hs (dropped i left)
            | None => false
            end
          | None => false
          end
        | None => false
        end
      | None => false
      end
    | Settled => match left with [] => true | _ => false end
    end.
End Tree.

(** * From forms to rows *)

Section Start.
  Variable bits : nat.
  Variable M : atoms.
  Variable cs : list known.

  Definition floor (q : Q) : Z := Z.div (Z.shiftl (Qnum q) (Z.of_nat bits)) (Zpos (Qden q)).
  Definition ceiling (q : Q) : Z := (- floor (- q))%Z.

  Definition lower_ends (ss : list side) : table Q :=
    fold_right (fun s t => PositiveMap.add (side_of s) (from s) t) (PositiveMap.empty _) ss.

  (** An input counted from its lower end. *)
  Definition shifts (lows : table Q) : table form :=
    PositiveMap.mapi (fun k low => axpy 1 (variable k) (constant low)) lows.

  Definition is_variable (lows : table Q) (k : positive) : bool :=
    Pos.eqb k 1 || match find k lows with Some _ => true | None => false end
    || match argument M k with Some _ => true | None => false end.

  Definition rows_of (lows : table Q) (round : Q -> Z) (f : form) : option row :=
    if forallb (fun t => is_variable lows (fst t)) f then
      Some (rev (map (fun t => (fst t, round (snd t))) (replace_by (shifts lows) f)))
    else None.

  (** A form between two rows. *)
  Definition form_between (lows : table Q) (f : form) : option between :=
    match rows_of lows floor f, rows_of lows ceiling f with
    | Some r, Some s => Some {| under := r; over := s; ends := None |}
    | _, _ => None
    end.

  (** What a hinge of the argument [f] has to do with a hinge before it. *)
  Definition joined_to (lows : table Q) (f : form) (h : hinge) : option partner :=
    match argument M (at_variable h) with
    | Some g =>
      option_map (fun z => {| beside := at_variable h; its_ends := None; gap := z; telling := false |})
        (form_between lows (minus f g))
    | None => None
    end.

  Fixpoint hinges_of (lows : table Q) (pairs : list positive) (ks : list positive) (acc : list hinge)
    : option (list hinge) :=
    match ks with
    | [] => Some acc
    | k :: ks' =>
      match argument M k, find k lows with
      | Some f, None =>
        match form_between lows f with
        | Some b =>
          let p := match acc with h :: _ => if existsb (Pos.eqb k) pairs then joined_to lows f h else None | [] => None end in
          if Pos.eqb k 1 then None
          else hinges_of lows pairs ks' ({| at_variable := k; inner := b; joined := p |} :: acc)
        | None => None
        end
      | _, _ => None
      end
    end.

  Definition shown (s : side) : bool :=
    nonnegative M cs (minus (variable (side_of s)) (constant (from s))) (from_facts s) &&
    nonnegative M cs (minus (constant (upto s)) (variable (side_of s))) (upto_facts s).

  Definition whole_box (ss : list side) : table (Z * Z) :=
    fold_right (fun s t => PositiveMap.add (side_of s) (0%Z, ceiling (upto s - from s)) t)
      (PositiveMap.add 1%positive (Zpos (unit bits), Zpos (unit bits)) (PositiveMap.empty _)) ss.
End Start.

(** Nowhere in the box that the sides give does a violation happen. *)
Definition box_covered (M : atoms) (cs : list known) (b : boxed) (violations : list (list known)) : bool :=
  let lows := lower_ends (sides b) in
  forallb (shown M cs) (sides b) && forallb (fun s => negb (Pos.eqb (side_of s) 1)) (sides b) &&
  match hinges_of (places b) M lows (pairs b) (hinges b) [] with
  | Some hs =>
    covered (places b) (rows_of M lows (floor (places b))) (cover b) (whole_box (places b) (sides b)) hs violations
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

  Variable bits : nat.
  Local Notation q z := (rat K (z # unit bits)).

  Variable w : env K.
  Hypothesis U : unit_at K w.
  Hypothesis W : forall k, 0 <= w k.

  (** The arguments of hinges. *)
  Variable arg : positive -> K.

  Local Notation row_at := (row_at K bits w).
  Local Notation box_at := (box_at K bits w).
  Local Notation between_at := (between_at K bits w).
  Local Notation hinge_holds := (hinge_holds K bits w arg).

  Lemma lowest_at slopes box hs r z : box_at box -> Forall hinge_holds hs -> lowest bits slopes box hs r = Some z ->
    q z <= row_at r.
  Proof. apply (lowest_below K L bits w U W arg). Qed.

  Lemma raised_below slopes box hs r a : box_at box -> Forall hinge_holds hs -> q a <= row_at r ->
    q (raised bits slopes box hs r a) <= row_at r.
  Proof.
    intros B H A. unfold raised. destruct (lowest bits slopes box hs r) as [b |] eqn:E; trivial.
    apply (lowest_at _ _ _ _ _ B H) in E. destruct (Z.max_spec a b) as [[_ ->] | [_ ->]]; trivial.
  Qed.

  Lemma bounded_at zeros box done x f g : box_at box -> Forall hinge_holds done -> between_at x f ->
    bounded bits zeros box done f = Some g -> between_at x g.
  Proof.
    intros B D (Un & Ov & En). unfold bounded. cbv zeta.
    destruct (lowest bits no_slopes box done (under f)) as [a0 |] eqn:E1; try discriminate.
    destruct (lowest bits no_slopes box done (opposite_row (over f))) as [b0 |] eqn:E2; try discriminate.
    apply (lowest_at _ _ _ _ _ B D) in E1. apply (lowest_at _ _ _ _ _ B D) in E2.
    set (again := if (a0 <? 0)%Z && (b0 <? 0)%Z && negb (over_inputs_only box (under f)) then zeros else None).
    set (a := match again with Some slopes => raised bits slopes box done (under f) a0 | None => a0 end).
    set (b := match again with Some slopes => raised bits slopes box done (opposite_row (over f)) b0 | None => b0 end).
    assert (F1 : q a <= row_at (under f)).
    { unfold a. destruct again; trivial. now apply raised_below. }
    assert (F2 : q b <= row_at (opposite_row (over f))).
    { unfold b. destruct again; trivial. now apply raised_below. }
    clearbody a b. rewrite (opposite_at K L) in F2. intros [= <-].
    split; trivial. split; trivial. cbn [ends ends_at].
    assert (A1 : q a <= x) by now apply (le_trans K L _ (row_at (under f))).
    assert (A2 : x <= q (- b)).
    { rewrite (q_opp K L). apply (le_trans K L _ (row_at (over f))); trivial. apply (sub_le K L) in F2.
      apply (le_sub K L).
      replace (0 - q b - row_at (over f)) with (0 - row_at (over f) - q b) by ring. exact F2. }
    unfold ends_at in *. destruct (ends f) as [[a' b'] |]; [| now split]. destruct En as [En1 En2]. split.
    - destruct (Z.max_spec a a') as [[_ ->] | [_ ->]]; trivial.
    - destruct (Z.min_spec (- b) b') as [[_ ->] | [_ ->]]; trivial.
  Qed.

  Lemma rejoined_at box done k f p p' : box_at box -> Forall hinge_holds done -> joined_at K bits w arg k p ->
    rejoined bits box done f p = Some p' -> match p' with Some p' => joined_at K bits w arg k p' | None => True end.
  Proof.
    intros B D (V & _ & G). unfold rejoined. destruct done as [| g done]; try discriminate. cbv zeta.
    destruct (Pos.eqb_spec (at_variable g) (beside p)) as [E | _]; cbn [negb]; try discriminate.
    destruct (undecided (ends f) || undecided (ends (inner g))); [| now intros [= <-]].
    destruct (bounded bits None box (g :: done) (gap p)) as [z |] eqn:Z; try discriminate. intros [= <-].
    apply (bounded_at _ _ _ _ _ _ B D G) in Z. split; trivial. split; trivial.
    cbn [beside its_ends]. rewrite <- E. inversion D as [| ? ? (_ & (_ & _ & H) & _)]. exact H.
  Qed.

  Lemma renewed_hold box hs : forall done zeros result, box_at box -> Forall hinge_holds hs ->
    Forall hinge_holds done -> renewed bits box hs done zeros = Some result -> Forall hinge_holds result.
  Proof.
    induction hs as [| h hs IH]; cbn [renewed]; intros done zeros result B H D.
    - now intros [= <-].
    - inversion H as [| ? ? (V & In & Jo) H']; subst.
      destruct (if undecided (ends (inner h)) then bounded bits (Some zeros) box done (inner h) else Some (inner h))
        as [f |] eqn:E1; try discriminate.
      destruct (match joined h with Some p => rejoined bits box done f p | None => Some None end) as [p' |] eqn:E2;
        try discriminate.
      intros R. refine (IH _ _ _ B H' (Forall_cons _ _ D) R). split; trivial. split; cbn [at_variable inner joined].
      + destruct (undecided (ends (inner h))); [now apply (bounded_at _ _ _ _ _ _ B D In E1) | now injection E1 as <-].
      + destruct (joined h) as [p |]; [now apply (rejoined_at _ _ _ _ _ _ B D Jo E2) | now injection E2 as <-].
  Qed.

  Lemma weigh_in ws ps m c : In (Some (m, c)) (weigh ws ps) -> In c ps.
  Proof.
    revert ps. induction ws as [| x ws IH]; intros [| p ps]; simpl; try tauto. destruct (is_zero x).
    - intros H. right. now apply (IH ps).
    - intros [E | H]; [left; congruence | right; now apply (IH ps)].
  Qed.

  Lemma dropped_exists {T} (P : T -> Prop) l : forall i a, nth_error l i = Some a -> Exists P l ->
    P a \/ Exists P (dropped i l).
  Proof.
    induction l as [| b l IH]; intros [| i] a; simpl; try discriminate; intros N E; inversion E as [? ? H | ? ? H]; subst.
    - injection N as <-. now left.
    - now right.
    - right. now left.
    - destruct (IH i a N H); auto.
  Qed.

  Variable v : env K.
  Variable row_of : form -> option row.
  Hypothesis below : forall f r, row_of f = Some r -> row_at r <= eval K v f.

  Lemma covered_sound t : forall box hs left, box_at box -> Forall hinge_holds hs ->
    covered bits row_of t box hs left = true -> ~ Exists (all_at K v) left.
  Proof.
    induction t as [t IH | k z b IHb a IHa | i ws slopes t IH |]; cbn [covered]; intros box hs left B H C.
    - destruct (renewed bits box (rev hs) [] no_slopes) as [hs' |] eqn:R; try discriminate.
      apply (IH box hs' left); trivial. apply (renewed_hold box (rev hs) [] no_slopes hs'); trivial.
      now apply Forall_rev.
    - destruct (find k box) as [[lo up] |] eqn:F; try discriminate. rewrite !andb_true_iff in C. destruct C as [[_ C1] C2].
      destruct (B k lo up F) as [B1 B2].
      assert (P : forall c d, q c <= w k -> w k <= q d -> box_at (PositiveMap.add k (c, d) box)).
      { intros c d H1 H2 j x y. unfold find. destruct (Pos.eq_dec j k) as [-> | N].
        - rewrite PositiveMap.gss. now intros [= <- <-].
        - rewrite PositiveMap.gso by auto. apply B. }
      destruct (le_total K L (w k) (q z)) as [S | S]; [apply (IHb _ hs left (P _ _ B1 S) H C1) | apply (IHa _ hs left (P _ _ S B2) H C2)].
    - destruct (nth_error left i) as [ps |] eqn:N; try discriminate.
      destruct (summed (weigh ws ps)) as [[total strict] |] eqn:S; try discriminate.
      destruct (row_of (scale (-1) total)) as [r |] eqn:R; try discriminate.
      destruct (lowest bits (table_of slopes) box hs r) as [z |] eqn:Z; try discriminate.
      apply andb_true_iff in C as [C1 C2]. intros E. apply (dropped_exists _ _ i ps N) in E as [E |]; [| now apply (IH box hs (dropped i left))].
      assert (T : 0 <= eval K v total /\ (strict = true -> 0 < eval K v total)).
      { apply (summed_sound K L v (weigh ws ps)); trivial. intros m c Hc. apply weigh_in in Hc.
        unfold all_at in E. rewrite Forall_forall in E. auto. }
      destruct T as [T1 T2]. apply below in R. apply (lowest_at _ _ _ _ _ B H) in Z.
      pose proof (le_trans K L _ _ _ Z R) as Y. rewrite (opposite K L) in Y.
      apply orb_true_iff in C1 as [C1 | C1].
      + apply Z.ltb_lt in C1. apply (lt_irrefl K L 0).
        assert (P : 0 < q z) by (rewrite <- (rat_0 K L); apply (rat_lt K L); unfold Qlt; cbn [Qnum Qden]; lia).
        apply (lt_add K L (q z) (eval K v total) P) in T1. exfalso. apply (lt_not_le K L _ _ T1).
        apply (sub_le K L) in Y. apply (le_sub K L). replace (0 - (q z + eval K v total)) with (0 - eval K v total - q z) by ring.
        exact Y.
      + apply andb_true_iff in C1 as [-> C1]. apply Z.leb_le in C1. apply (lt_not_le K L _ _ (T2 eq_refl)).
        apply (le_sub K L). apply (le_trans K L _ (q z)); trivial. now apply (q_pos K L).
    - destruct left; try discriminate. intros E. inversion E.
  Qed.
End Sound.

Section Whole.
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

  Variable bits : nat.
  Local Notation q z := (rat K (z # unit bits)).

  Variable v : env K.
  Hypothesis U : unit_at K v.
  Variable M : atoms.
  Hypothesis A : atoms_at K v M.
  Variable cs : list known.
  Hypothesis C : all_at K v cs.

  (** Inputs counted from their lower ends, and what no form reads 0. *)
  Definition counted (lows : table Q) : env K := fun k =>
    if Pos.eqb k 1 then 1
    else match find k lows with
    | Some low => v k - rat K low
    | None => match argument M k with Some _ => v k | None => 0 end
    end.

  Lemma shown_at s : shown M cs s = true -> rat K (from s) <= v (side_of s) /\ v (side_of s) <= rat K (upto s).
  Proof.
    unfold shown. rewrite andb_true_iff. intros [H1 H2].
    apply (nonnegative_sound K L v U M cs _ _ A C) in H1. apply (nonnegative_sound K L v U M cs _ _ A C) in H2.
    rewrite (eval_minus K L), (eval_variable K L), (eval_constant K L) in H1, H2 by trivial.
    split; now apply (le_sub K L).
  Qed.

  Lemma lows_at ss k low : forallb (shown M cs) ss = true -> find k (lower_ends ss) = Some low -> rat K low <= v k.
  Proof.
    induction ss as [| s ss IH]; cbn [forallb lower_ends fold_right].
    - intros _. unfold find. rewrite PositiveMap.gempty. discriminate.
    - rewrite andb_true_iff. intros [H1 H2]. unfold find. destruct (Pos.eq_dec k (side_of s)) as [-> | N].
      + rewrite PositiveMap.gss. intros E. injection E as <-. now apply shown_at.
      + rewrite PositiveMap.gso by auto. now apply IH.
  Qed.

  Lemma one_is_no_side ss : forallb (fun s => negb (Pos.eqb (side_of s) 1)) ss = true ->
    find 1%positive (lower_ends ss) = None.
  Proof.
    induction ss as [| s ss IH]; cbn [forallb lower_ends fold_right].
    - intros _. unfold find. apply PositiveMap.gempty.
    - rewrite andb_true_iff, negb_true_iff. intros [H1 H2]. apply Pos.eqb_neq in H1. unfold find.
      rewrite PositiveMap.gso by auto. now apply IH.
  Qed.

  Lemma counted_unit lows : unit_at K (counted lows).
  Proof. reflexivity. Qed.

  Lemma counted_pos ss k : forallb (shown M cs) ss = true -> 0 <= counted (lower_ends ss) k.
  Proof.
    intros H. unfold counted. destruct (Pos.eqb k 1).
    - rewrite <- (rat_1 K L). apply (rat_pos K L). discriminate.
    - destruct (find k (lower_ends ss)) as [low |] eqn:F.
      + apply (sub_le K L). now apply (lows_at ss).
      + destruct (argument M k) as [l |] eqn:G; [| apply (le_refl K L)].
        now apply (hinge_above K L v M A k l).
  Qed.

  Lemma counted_eval lows f : find 1%positive lows = None -> forallb (fun t => is_variable M lows (fst t)) f = true ->
    eval K (counted lows) (replace_by (shifts lows) f) = eval K v f.
  Proof.
    intros N. induction f as [| [k c] f IH]; cbn [forallb replace_by eval fst]; trivial.
    rewrite andb_true_iff. intros [H1 H2]. specialize (IH H2).
    destruct (find k (shifts lows)) as [g |] eqn:E; rewrite (eval_axpy K L), IH; f_equal; f_equal;
      unfold shifts, find in E; rewrite PositiveMap.gmapi in E;
      destruct (PositiveMap.find k lows) as [low |] eqn:F; cbn [option_map] in E; try discriminate.
    - injection E as <-. rewrite (eval_axpy K L), (eval_variable K L), (eval_constant K L), (rat_1 K L)
        by apply counted_unit.
      unfold counted, find in *. rewrite F. destruct (Pos.eqb_spec k 1) as [-> | _]; [congruence |]. ring.
    - rewrite (eval_variable K L). unfold is_variable, counted, find in *. rewrite F in *.
      destruct (Pos.eqb_spec k 1) as [-> | _]; [symmetry; exact U |].
      destruct (argument M k); trivial. discriminate.
  Qed.

  Lemma floor_below x : q (floor bits x) <= rat K x.
  Proof.
    apply (rat_le K L). unfold Qle, floor; cbn [Qnum Qden]. rewrite Z.shiftl_mul_pow2 by lia.
    rewrite <- unit_power, Z.mul_comm. apply Z.mul_div_le. lia.
  Qed.

  Lemma ceiling_above x : rat K x <= q (ceiling bits x).
  Proof.
    unfold ceiling. rewrite (q_opp K L). pose proof (floor_below (- x)) as H. rewrite (rat_opp K L) in H.
    apply (sub_le K L) in H. apply (le_sub K L).
    replace (0 - q (floor bits (- x)) - rat K x) with (0 - rat K x - q (floor bits (- x))) by ring. exact H.
  Qed.

  Lemma row_rev w r : row_at K bits w (rev r) = row_at K bits w r.
  Proof.
    assert (App : forall a b, row_at K bits w (a ++ b) = row_at K bits w a + row_at K bits w b).
    { intros a b. induction a as [| [k c] a IH]; cbn [app row_at]; [| rewrite IH]; ring. }
    induction r as [| [k c] r IH]; trivial. cbn [rev]. rewrite App, IH. cbn [row_at]. ring.
  Qed.

  Lemma rounded_below w f : (forall k, 0 <= w k) ->
    row_at K bits w (map (fun t => (fst t, floor bits (snd t))) f) <= eval K w f.
  Proof.
    intros W. induction f as [| [k c] f IH]; cbn [map row_at eval fst snd]; [apply (le_refl K L) |].
    apply (le_plus K L); trivial. replace (q (floor bits c) * w k) with (w k * q (floor bits c)) by ring.
    replace (rat K c * w k) with (w k * rat K c) by ring. apply (times_le K L); trivial. apply floor_below.
  Qed.

  Lemma rounded_above w f : (forall k, 0 <= w k) ->
    eval K w f <= row_at K bits w (map (fun t => (fst t, ceiling bits (snd t))) f).
  Proof.
    intros W. induction f as [| [k c] f IH]; cbn [map row_at eval fst snd]; [apply (le_refl K L) |].
    apply (le_plus K L); trivial. replace (q (ceiling bits c) * w k) with (w k * q (ceiling bits c)) by ring.
    replace (rat K c * w k) with (w k * rat K c) by ring. apply (times_le K L); trivial. apply ceiling_above.
  Qed.

  Variable ss : list side.
  Hypothesis Shown : forallb (shown M cs) ss = true.
  Hypothesis One : forallb (fun s => negb (Pos.eqb (side_of s) 1)) ss = true.

  Local Notation lows := (lower_ends ss).
  Local Notation w := (counted lows).

  Lemma rows_below f r : rows_of M lows (floor bits) f = Some r -> row_at K bits w r <= eval K v f.
  Proof.
    unfold rows_of. destruct (forallb (fun t => is_variable M lows (fst t)) f) eqn:B; try discriminate.
    intros E. injection E as <-. rewrite row_rev. rewrite <- (counted_eval lows f (one_is_no_side ss One) B).
    apply rounded_below. intros k. now apply counted_pos.
  Qed.

  Lemma rows_above f r : rows_of M lows (ceiling bits) f = Some r -> eval K v f <= row_at K bits w r.
  Proof.
    unfold rows_of. destruct (forallb (fun t => is_variable M lows (fst t)) f) eqn:B; try discriminate.
    intros E. injection E as <-. rewrite row_rev. rewrite <- (counted_eval lows f (one_is_no_side ss One) B).
    apply rounded_above. intros k. now apply counted_pos.
  Qed.

  (** The argument of a hinge. *)
  Definition argument_of (k : positive) : K := match argument M k with Some f => eval K v f | None => 0 end.

  Local Notation holds := (hinge_holds K bits w argument_of).

  Lemma form_between_at f b : form_between bits M lows f = Some b -> between_at K bits w (eval K v f) b.
  Proof.
    unfold form_between. destruct (rows_of M lows (floor bits) f) as [r |] eqn:E1; try discriminate.
    destruct (rows_of M lows (ceiling bits) f) as [s |] eqn:E2; try discriminate. intros [= <-].
    split; [now apply rows_below | split; [now apply rows_above | exact I]].
  Qed.

  Lemma joined_to_at k f h p : argument_of k = eval K v f -> holds h -> joined_to bits M lows f h = Some p ->
    joined_at K bits w argument_of k p.
  Proof.
    intros E (V & _). unfold joined_to. destruct (argument M (at_variable h)) as [g |] eqn:G; try discriminate.
    destruct (form_between bits M lows (minus f g)) as [z |] eqn:Z; try discriminate. intros [= <-].
    split; [exact V | split; [exact I |]]. cbn [gap beside].
    apply form_between_at in Z. rewrite (eval_minus K L) in Z. rewrite E.
    unfold argument_of at 1. now rewrite G.
  Qed.

  Lemma hinges_hold pairs ks : forall acc hs, Forall holds acc -> hinges_of bits M lows pairs ks acc = Some hs ->
    Forall holds hs.
  Proof.
    induction ks as [| k ks IH]; cbn [hinges_of]; intros acc hs F.
    - now intros [= <-].
    - destruct (argument M k) as [f |] eqn:G; try discriminate. destruct (find k lows) eqn:N; try discriminate.
      destruct (form_between bits M lows f) as [b |] eqn:B; try discriminate. cbv zeta.
      destruct (Pos.eqb k 1) eqn:O; try discriminate. apply IH. constructor; trivial.
      assert (E : argument_of k = eval K v f) by (unfold argument_of; now rewrite G).
      split; [| split; cbn [at_variable inner joined]].
      + unfold is_hinge. cbn [at_variable]. rewrite E. unfold counted. rewrite O, N, G. now apply (argument_at K L v M A).
      + rewrite E. now apply form_between_at.
      + destruct acc as [| h acc]; trivial. destruct (existsb (Pos.eqb k) pairs); trivial.
        destruct (joined_to bits M lows f h) as [p |] eqn:J; trivial. inversion F. now apply (joined_to_at k f h).
  Qed.

  Lemma whole_box_find ts k a b : find k (whole_box bits ts) = Some (a, b) ->
    (k = 1%positive /\ a = Zpos (unit bits) /\ b = Zpos (unit bits)) \/
    exists s, In s ts /\ side_of s = k /\ find k (lower_ends ts) = Some (from s) /\ a = 0%Z /\
      b = ceiling bits (upto s - from s).
  Proof.
    induction ts as [| s ts IH]; cbn [whole_box lower_ends fold_right]; unfold find.
    - destruct (Pos.eq_dec k 1) as [-> | N].
      + rewrite PositiveMap.gss. intros E. injection E as <- <-. now left.
      + rewrite PositiveMap.gso by auto. rewrite PositiveMap.gempty. discriminate.
    - destruct (Pos.eq_dec k (side_of s)) as [-> | N].
      + rewrite !PositiveMap.gss. intros E. injection E as <- <-. right. exists s. simpl. auto.
      + rewrite !PositiveMap.gso by auto. intros E. destruct (IH E) as [H | (t & H1 & H2)]; [now left |].
        right. exists t. split; [now right | exact H2].
  Qed.

  Lemma whole_box_at : box_at K bits w (whole_box bits ss).
  Proof.
    intros k a b E. destruct (whole_box_find ss k a b E) as [(-> & -> & ->) | (s & In & <- & F & -> & ->)].
    - assert (O : q (Zpos (unit bits)) = 1).
      { rewrite <- (rat_1 K L). apply (rat_eq K L). unfold Qeq; cbn [Qnum Qden]. ring. }
      rewrite O. split; apply (le_refl K L).
    - pose proof Shown as S. rewrite forallb_forall in S. destruct (shown_at s (S s In)) as [_ H2].
      rewrite (q_zero K L). split; [now apply counted_pos |].
      pose proof (one_is_no_side ss One) as N. unfold counted.
      destruct (Pos.eqb_spec (side_of s) 1) as [E1 | _]; [rewrite E1 in F; congruence |]. rewrite F.
      apply (le_trans K L _ (rat K (upto s - from s))); [| apply ceiling_above].
      unfold Qminus. rewrite (rat_add K L), (rat_opp K L). apply (sub_le K L) in H2. apply (le_sub K L).
      replace (rat K (upto s) + (0 - rat K (from s)) - (v (side_of s) - rat K (from s))) with
        (rat K (upto s) - v (side_of s)) by ring. exact H2.
  Qed.
End Whole.

Lemma box_covered_sound K (L : laws K) v M cs b violations : unit_at K v -> atoms_at K v M -> all_at K v cs ->
  box_covered M cs b violations = true -> ~ Exists (all_at K v) violations.
Proof.
  intros U A C. unfold box_covered. cbv zeta. rewrite !andb_true_iff. intros [[S O] H].
  destruct (hinges_of (places b) M (lower_ends (sides b)) (pairs b) (hinges b) []) as [hs |] eqn:E; try discriminate.
  apply (hinges_hold K L (places b) v U M A cs C (sides b) S O) in E; [| constructor].
  refine (covered_sound K L (places b) (counted K v M (lower_ends (sides b))) (counted_unit K v M _) _ _ v _
    (fun f r => rows_below K L (places b) v U M A cs C (sides b) S O f r) (cover b) _ hs violations _ E H).
  - intros k. now apply (counted_pos K L v U M A cs C).
  - now apply (whole_box_at K L (places b) v U M A cs C).
Qed.
