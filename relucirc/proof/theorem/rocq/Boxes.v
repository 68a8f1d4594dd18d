(** Boxes: violations happen nowhere in a box, which is cut into smaller ones until bounds show it.

    A form over hinges is bounded from below by substitution, the hinges of the highest number first: [c h >= d l + e]
    for a hinge [h = max 0 l].  Coefficients are whole multiples of [1 / 2^places], rounded down after every product;
    that is a lower bound because all variables are written so that they are not negative. *)

From Coq Require Import List ZArith QArith Bool Ring Lia FMapPositive.
From Relucirc Require Import Statement Laws Forms Evidence Steps Trees Bounding.
Import ListNotations.

(** Coefficients of variables, in units of [1 / 2^places]. *)
Definition row := list (positive * Z).

(** A hinge: its variable, rows below and above its argument, and bounds of that. *)
Record hinge := { at_variable : positive; under : row; over : row; ends : option (Z * Z) }.

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

(** The hinges in ascending order, with which to start. *)
Record boxed := { places : nat; sides : list side; hinges : list positive; cover : boxes }.

Section Check.
  Variable bits : nat.

  Definition unit : positive := Z.to_pos (2 ^ Z.of_nat bits).
  Definition shrunk (z : Z) : Z := Z.shiftr z (Z.of_nat bits).

  (** [d r + s], rounded down. *)
  Fixpoint combine_rows (d : Z) (r : row) : row -> row :=
    match r with
    | [] => fun s => s
    | (k, a) :: r' =>
      fix inner (s : row) : row :=
        match s with
        | [] => (k, shrunk (d * a)) :: combine_rows d r' []
        | (l, b) :: s' =>
          match Pos.compare k l with
          | Datatypes.Eq => (k, (shrunk (d * a) + b)%Z) :: combine_rows d r' s'
          | Datatypes.Gt => (k, shrunk (d * a)) :: combine_rows d r' s
          | Datatypes.Lt => (l, b) :: inner s'
          end
        end
    end.

  Fixpoint plus_constant (e : Z) (r : row) : row :=
    match r with
    | [] => [(1%positive, e)]
    | (k, c) :: r' => if Pos.eqb k 1 then (k, (c + e)%Z) :: r' else (k, c) :: plus_constant e r'
    end.

  (** [d] and [e] with [c h >= d l + e]; [kept] is what stays of a positive coefficient. *)
  Definition relaxed (c : Z) (e : option (Z * Z)) (kept : option Z) : option (Z * Z) :=
    if (0 <=? c)%Z then
      match kept, e with
      | Some s, _ =>
        let d := Z.shiftr (c * s) 5 in if (0 <=? d)%Z && (d <=? c)%Z then Some (d, 0%Z) else None
      | None, Some (a, b) => Some (if (0 <=? a + b)%Z && (0 <? b)%Z then c else 0%Z, 0%Z)
      | None, None => Some (0%Z, 0%Z)
      end
    else
      match e with
      | None => None
      | Some (a, b) =>
        if (0 <=? a)%Z then Some (c, 0%Z)
        else if (b <=? 0)%Z then Some (0%Z, 0%Z)
        else
          let d := Z.div (c * b) (b - a) in
          if (c <=? d)%Z && (d <=? 0)%Z && (d * (b - a) <=? c * b)%Z then Some (d, shrunk (- (d * a))) else None
      end.

  Variable slopes : table Z.

  Fixpoint substituted (hs : list hinge) (r : row) : option row :=
    match hs with
    | [] => Some r
    | h :: hs' =>
      match r with
      | (k, c) :: r' =>
        if Pos.eqb k (at_variable h) then
          match relaxed c (ends h) (find k slopes) with
          | Some (d, e) =>
            let low := if (e =? 0)%Z then r' else plus_constant e r' in
            substituted hs' (if (d =? 0)%Z then low else combine_rows d (if (0 <=? d)%Z then under h else over h) low)
          | None => None
          end
        else substituted hs' r
      | [] => Some []
      end
    end.

  (** The least value on a box; of other variables it is only known that they are not negative. *)
  Fixpoint least (box : table (Z * Z)) (r : row) : option Z :=
    match r with
    | [] => Some 0%Z
    | (k, c) :: r' =>
      match least box r' with
      | Some rest =>
        match find k box with
        | Some (a, b) => Some ((shrunk (c * (if 0 <=? c then a else b)) + rest)%Z)
        | None => if (0 <=? c)%Z then Some rest else None
        end
      | None => None
      end
    end.

  Definition lowest (box : table (Z * Z)) (hs : list hinge) (r : row) : option Z :=
    match substituted hs r with Some s => least box s | None => None end.
End Check.

Definition opposite_row (r : row) : row := map (fun t => (fst t, (- snd t)%Z)) r.

Definition undecided (h : hinge) : bool :=
  match ends h with Some (a, b) => (a <? 0)%Z && (0 <? b)%Z | None => true end.

Section Tree.
  Variable bits : nat.

  Definition no_slopes : table Z := PositiveMap.empty _.

  (** A bound [a] of a row, or a better one with other slopes. *)
  Definition raised (slopes : table Z) (box : table (Z * Z)) (done : list hinge) (r : row) (a : Z) : Z :=
    match lowest bits slopes box done r with Some b => Z.max a b | None => a end.

  (** Whether a row reads inputs only, so that slopes of hinges do not matter. *)
  Definition over_inputs_only (box : table (Z * Z)) (r : row) : bool :=
    forallb (fun t => match find (fst t) box with Some _ => true | None => false end) r.

  (** New bounds of hinges, the lowest first; [done] are those below, the highest first.  Where these do not decide one
      that reads others, it is bounded again with nothing kept of open hinges, which [zeros] says. *)
  Fixpoint renewed (box : table (Z * Z)) (hs done : list hinge) (zeros : table Z) : option (list hinge) :=
    match hs with
    | [] => Some done
    | h :: hs' =>
      if undecided h then
        let below := under h in
        let above := opposite_row (over h) in
        match lowest bits no_slopes box done below, lowest bits no_slopes box done above with
        | Some a, Some b =>
          let open := (a <? 0)%Z && (b <? 0)%Z && negb (over_inputs_only box below) in
          let a := if open then raised zeros box done below a else a in
          let b := if open then raised zeros box done above b else b in
          let here := match ends h with Some (a', b') => (Z.max a a', Z.min (- b) b') | None => (a, (- b)%Z) end in
          let h := {| at_variable := at_variable h; under := under h; over := over h; ends := Some here |} in
          renewed box hs' (h :: done) (if undecided h then PositiveMap.add (at_variable h) 0%Z zeros else zeros)
        | _, _ => None
        end
      else renewed box hs' (h :: done) zeros
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

  Fixpoint hinges_of (lows : table Q) (ks : list positive) (acc : list hinge) : option (list hinge) :=
    match ks with
    | [] => Some acc
    | k :: ks' =>
      match argument M k, find k lows with
      | Some f, None =>
        match rows_of lows floor f, rows_of lows ceiling f with
        | Some r, Some s =>
          if Pos.eqb k 1 then None
          else hinges_of lows ks' ({| at_variable := k; under := r; over := s; ends := None |} :: acc)
        | _, _ => None
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
  match hinges_of (places b) M lows (hinges b) [] with
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

  Lemma le_plus a b c d : a <= b -> c <= d -> a + c <= b + d.
  Proof.
    intros H G. apply (le_sub K L). replace (b + d - (a + c)) with ((b - a) + (d - c)) by ring.
    apply (le_add K L); now apply (sub_le K L).
  Qed.

  Lemma times_le c a b : 0 <= c -> a <= b -> c * a <= c * b.
  Proof.
    intros H G. apply (le_sub K L). replace (c * b - c * a) with (c * (b - a)) by ring.
    apply (mul_le K L); trivial. now apply (sub_le K L).
  Qed.

  Lemma times_ge c a b : c <= 0 -> a <= b -> c * b <= c * a.
  Proof.
    intros H G. apply (le_sub K L). replace (c * a - c * b) with ((0 - c) * (b - a)) by ring.
    apply (mul_le K L); now apply (sub_le K L).
  Qed.

  Variable bits : nat.
  Local Notation u := (unit bits).
  Local Notation q z := (rat K (z # unit bits)).

  Lemma unit_power : Zpos u = (2 ^ Z.of_nat bits)%Z.
  Proof. unfold unit. apply Z2Pos.id. apply Z.pow_pos_nonneg; lia. Qed.

  Lemma shrunk_below z : (shrunk bits z * Zpos u <= z)%Z.
  Proof.
    unfold shrunk. rewrite Z.shiftr_div_pow2 by lia. rewrite <- unit_power, Z.mul_comm. now apply Z.mul_div_le.
  Qed.

  Lemma q_mono a b : (a <= b)%Z -> q a <= q b.
  Proof. intros H. apply (rat_le K L). unfold Qle; cbn [Qnum Qden]. nia. Qed.

  Lemma q_zero : q 0 = 0.
  Proof. rewrite <- (rat_0 K L). apply (rat_eq K L). reflexivity. Qed.

  Lemma q_plus a b : q (a + b) = q a + q b.
  Proof.
    rewrite <- (rat_add K L). apply (rat_eq K L). unfold Qeq, Qplus; cbn [Qnum Qden]. rewrite Pos2Z.inj_mul. ring.
  Qed.

  Lemma q_opp a : q (- a) = 0 - q a.
  Proof. rewrite <- (rat_opp K L). apply (rat_eq K L). reflexivity. Qed.

  Lemma q_pos a : (0 <= a)%Z -> 0 <= q a.
  Proof. intros H. rewrite <- q_zero. now apply q_mono. Qed.

  Lemma q_neg a : (a <= 0)%Z -> q a <= 0.
  Proof. intros H. rewrite <- q_zero. now apply q_mono. Qed.

  Lemma q_shrunk a b : q (shrunk bits (a * b)) <= q a * q b.
  Proof.
    rewrite <- (rat_mul K L). apply (rat_le K L). unfold Qle, Qmult; cbn [Qnum Qden]. rewrite Pos2Z.inj_mul.
    pose proof (shrunk_below (a * b)). nia.
  Qed.

  (** * Rows *)

  Variable w : env K.
  Hypothesis U : unit_at K w.
  Hypothesis W : forall k, 0 <= w k.

  Fixpoint row_at (r : row) : K := match r with [] => 0 | (k, c) :: r' => q c * w k + row_at r' end.

  Lemma term_below d a k : q (shrunk bits (d * a)) * w k <= q d * (q a * w k).
  Proof.
    replace (q d * (q a * w k)) with (w k * (q d * q a)) by ring.
    replace (q (shrunk bits (d * a)) * w k) with (w k * q (shrunk bits (d * a))) by ring.
    apply times_le; trivial. apply q_shrunk.
  Qed.

  Lemma combine_below d r s : row_at (combine_rows bits d r s) <= q d * row_at r + row_at s.
  Proof.
    revert s. induction r as [| [k a] r IH]; intros s.
    - simpl. replace (q d * 0 + row_at s) with (row_at s) by ring. apply (le_refl K L).
    - induction s as [| [l b] s IHs]; cbn [combine_rows row_at].
      + replace (q d * (q a * w k + row_at r) + 0) with (q d * (q a * w k) + (q d * row_at r + row_at [])) by (simpl; ring).
        apply le_plus; [apply term_below | apply IH].
      + destruct (Pos.compare_spec k l) as [<- | H | H]; cbn [row_at].
        * rewrite q_plus.
          replace ((q (shrunk bits (d * a)) + q b) * w k + row_at (combine_rows bits d r s)) with
            (q (shrunk bits (d * a)) * w k + (q b * w k + row_at (combine_rows bits d r s))) by ring.
          replace (q d * (q a * w k + row_at r) + (q b * w k + row_at s)) with
            (q d * (q a * w k) + (q b * w k + (q d * row_at r + row_at s))) by ring.
          apply le_plus; [apply term_below |]. apply le_plus; [apply (le_refl K L) | apply IH].
        * replace (q d * (q a * w k + row_at r) + (q b * w l + row_at s)) with
            (q b * w l + (q d * (q a * w k + row_at r) + row_at s)) by ring.
          apply le_plus; [apply (le_refl K L) | exact IHs].
        * replace (q d * (q a * w k + row_at r) + (q b * w l + row_at s)) with
            (q d * (q a * w k) + (q d * row_at r + row_at ((l, b) :: s))) by (simpl; ring).
          apply le_plus; [apply term_below | apply IH].
  Qed.

  Lemma plus_constant_at e r : row_at (plus_constant e r) = q e + row_at r.
  Proof.
    induction r as [| [k c] r IH]; cbn [plus_constant row_at]; [rewrite U; ring |].
    destruct (Pos.eqb_spec k 1) as [-> |]; cbn [row_at]; [rewrite q_plus, U | rewrite IH]; ring.
  Qed.

  Lemma opposite_at r : row_at (opposite_row r) = 0 - row_at r.
  Proof.
    induction r as [| [k c] r IH]; cbn [opposite_row map row_at fst snd]; [ring |].
    change (map _ r) with (opposite_row r). rewrite IH, q_opp. ring.
  Qed.

  (** * Hinges *)

  Definition ends_at (l : K) (e : option (Z * Z)) : Prop :=
    match e with Some (a, b) => q a <= l /\ l <= q b | None => True end.

  Definition hinge_holds (h : hinge) : Prop :=
    exists l, w (at_variable h) = max K 0 l /\ row_at (under h) <= l /\ l <= row_at (over h) /\ ends_at l (ends h).

  Lemma above_line l : l <= max K 0 l /\ 0 <= max K 0 l.
  Proof. destruct (is_max_two K L 0 l) as [_ H]. split; apply H; simpl; auto. Qed.

  Lemma part_kept c d l : (0 <= d)%Z -> (d <= c)%Z -> q d * l + q 0 <= q c * max K 0 l.
  Proof.
    intros H G. destruct (above_line l) as [A1 A2]. rewrite q_zero. replace (q d * l + 0) with (q d * l) by ring.
    apply (le_trans K L _ (q d * max K 0 l)).
    - apply times_le; trivial. now apply q_pos.
    - replace (q d * max K 0 l) with (max K 0 l * q d) by ring. replace (q c * max K 0 l) with (max K 0 l * q c) by ring.
      apply times_le; trivial. now apply q_mono.
  Qed.

  Lemma relaxed_below c e kept d x l : relaxed bits c e kept = Some (d, x) -> ends_at l e ->
    q d * l + q x <= q c * max K 0 l.
  Proof.
    unfold relaxed. destruct (Z.leb_spec 0 c) as [Hc | Hc].
    - destruct kept as [s |].
      + cbv zeta. destruct ((0 <=? Z.shiftr (c * s) 5)%Z && (Z.shiftr (c * s) 5 <=? c)%Z) eqn:B; try discriminate.
        apply andb_true_iff in B as [B1 B2]. apply Z.leb_le in B1. apply Z.leb_le in B2.
        intros E _. injection E as <- <-. now apply part_kept.
      + destruct e as [[a b] |]; intros E _; injection E as <- <-.
        * destruct ((0 <=? a + b)%Z && (0 <? b)%Z); apply part_kept; lia.
        * apply part_kept; lia.
    - destruct e as [[a b] |]; try discriminate. cbn [ends_at]. intros E [A B]. revert E.
      destruct (Z.leb_spec 0 a) as [Ha | Ha]; [| destruct (Z.leb_spec b 0) as [Hb | Hb]].
      + intros E. injection E as <- <-. assert (P : 0 <= l) by (apply (le_trans K L _ (q a)); trivial; now apply q_pos).
        rewrite (max_r K L) by trivial. rewrite q_zero. replace (q c * l + 0) with (q c * l) by ring. apply (le_refl K L).
      + intros E. injection E as <- <-. assert (P : l <= 0) by (apply (le_trans K L _ (q b)); trivial; now apply q_neg).
        rewrite (max_l K L) by trivial. rewrite q_zero. replace (0 * l + 0) with 0 by ring.
        replace (q c * 0) with 0 by ring. apply (le_refl K L).
      + cbv zeta. set (d' := Z.div (c * b) (b - a)).
        destruct ((c <=? d')%Z && (d' <=? 0)%Z && (d' * (b - a) <=? c * b)%Z) eqn:T; try discriminate.
        intros E. injection E as <- <-. rewrite !andb_true_iff, !Z.leb_le in T. destruct T as [[T1 T2] T3].
        clearbody d'. assert (S : q (shrunk bits (- (d' * a))) <= 0 - q d' * q a).
        { replace (- (d' * a))%Z with (- d' * a)%Z by ring. apply (le_trans K L _ (q (- d') * q a)); [apply q_shrunk |].
          rewrite q_opp. replace ((0 - q d') * q a) with (0 - q d' * q a) by ring. apply (le_refl K L). }
        apply (le_trans K L _ (q d' * l + (0 - q d' * q a))); [apply le_plus; trivial; apply (le_refl K L) |].
        apply q_neg in T2. destruct (le_total K L 0 l) as [P | P].
        * rewrite (max_r K L) by trivial.
          assert (R : q d' * (q b - q a) <= q c * q b).
          { replace (q b - q a) with (q (b + - a)) by (rewrite q_plus, q_opp; ring).
            rewrite <- !(rat_mul K L). apply (rat_le K L). unfold Qle, Qmult; cbn [Qnum Qden]. rewrite Pos2Z.inj_mul. nia. }
          assert (D : q c - q d' <= 0).
          { replace (q c - q d') with (q (c + - d')) by (rewrite q_plus, q_opp; ring). apply q_neg. lia. }
          apply (times_ge _ _ _ D) in B. apply (sub_le K L) in R. apply (sub_le K L) in B. apply (le_sub K L).
          replace (q c * l - (q d' * l + (0 - q d' * q a))) with
            ((q c * q b - q d' * (q b - q a)) + ((q c - q d') * l - (q c - q d') * q b)) by ring.
          now apply (le_add K L).
        * rewrite (max_l K L) by trivial. apply (times_ge _ _ _ T2) in A. apply (sub_le K L) in A. apply (le_sub K L).
          replace (q c * 0 - (q d' * l + (0 - q d' * q a))) with (q d' * q a - q d' * l) by ring. exact A.
  Qed.

  Lemma substituted_below slopes hs r s : Forall hinge_holds hs -> substituted bits slopes hs r = Some s ->
    row_at s <= row_at r.
  Proof.
    intros H. revert r s. induction H as [| h hs (l & V & Un & Ov & En) _ IH]; cbn [substituted]; intros r s.
    - intros [= <-]. apply (le_refl K L).
    - destruct r as [| [k c] r]; [intros [= <-]; apply (le_refl K L) |].
      destruct (Pos.eqb_spec k (at_variable h)) as [-> | N]; [| apply IH].
      destruct (relaxed bits c (ends h) (find (at_variable h) slopes)) as [[d e] |] eqn:R; try discriminate.
      apply (relaxed_below c _ _ d e l) in R; trivial. cbv zeta.
      set (low := if (e =? 0)%Z then r else plus_constant e r). intros S. apply IH in S.
      apply (le_trans K L _ _ _ S). cbn [row_at]. rewrite V.
      assert (Low : row_at low = q e + row_at r).
      { unfold low. destruct (Z.eqb_spec e 0) as [-> |]; [rewrite q_zero; ring | apply plus_constant_at]. }
      apply (le_trans K L _ (q d * l + (q e + row_at r))).
      + destruct (Z.eqb_spec d 0) as [-> | D].
        * rewrite Low, q_zero. replace (0 * l + (q e + row_at r)) with (q e + row_at r) by ring. apply (le_refl K L).
        * apply (le_trans K L _ _ _ (combine_below _ _ _)). rewrite Low. apply le_plus; [| apply (le_refl K L)].
          destruct (Z.leb_spec 0 d) as [P | P]; [apply times_le | apply times_ge]; trivial; [now apply q_pos | apply q_neg; lia].
      + replace (q d * l + (q e + row_at r)) with (q d * l + q e + row_at r) by ring.
        apply le_plus; trivial. apply (le_refl K L).
  Qed.

  (** * Boxes *)

  Definition box_at (box : table (Z * Z)) : Prop :=
    forall k a b, find k box = Some (a, b) -> q a <= w k /\ w k <= q b.

  Lemma least_below box r z : box_at box -> least bits box r = Some z -> q z <= row_at r.
  Proof.
    intros B. revert z. induction r as [| [k c] r IH]; cbn [least row_at]; intros z.
    - intros [= <-]. rewrite q_zero. apply (le_refl K L).
    - destruct (least bits box r) as [rest |]; try discriminate. specialize (IH rest eq_refl).
      destruct (find k box) as [[a b] |] eqn:F.
      + intros [= <-]. rewrite q_plus. apply le_plus; trivial. destruct (B k a b F) as [B1 B2].
        apply (le_trans K L _ _ _ (q_shrunk _ _)).
        destruct (Z.leb_spec 0 c) as [P | P]; [apply times_le | apply times_ge]; trivial; [now apply q_pos | apply q_neg; lia].
      + destruct (Z.leb_spec 0 c) as [P | P]; try discriminate. intros [= <-].
        replace (q rest) with (0 + q rest) by ring. apply le_plus; trivial. apply (mul_le K L); trivial. now apply q_pos.
  Qed.

  Lemma lowest_below slopes box hs r z : box_at box -> Forall hinge_holds hs -> lowest bits slopes box hs r = Some z ->
    q z <= row_at r.
  Proof.
    intros B H. unfold lowest. destruct (substituted bits slopes hs r) as [s |] eqn:S; try discriminate. intros Z.
    apply (le_trans K L _ (row_at s)); [now apply (least_below box) | now apply (substituted_below slopes hs)].
  Qed.

  Lemma raised_below slopes box hs r a : box_at box -> Forall hinge_holds hs -> q a <= row_at r ->
    q (raised bits slopes box hs r a) <= row_at r.
  Proof.
    intros B H A. unfold raised. destruct (lowest bits slopes box hs r) as [b |] eqn:E; trivial.
    apply (lowest_below _ _ _ _ _ B H) in E. destruct (Z.max_spec a b) as [[_ ->] | [_ ->]]; trivial.
  Qed.

  Lemma renewed_hold box hs : forall done zeros result, box_at box -> Forall hinge_holds hs ->
    Forall hinge_holds done -> renewed bits box hs done zeros = Some result -> Forall hinge_holds result.
  Proof.
    induction hs as [| h hs IH]; cbn [renewed]; intros done zeros result B H D.
    - now intros [= <-].
    - inversion H as [| ? ? (l & V & Un & Ov & En) H']; subst.
      assert (Hh : hinge_holds h) by now inversion H.
      destruct (undecided h); [| intros R; apply (IH _ _ _ B H' (Forall_cons _ Hh D) R)].
      cbv zeta.
      destruct (lowest bits no_slopes box done (under h)) as [a0 |] eqn:E1; try discriminate.
      destruct (lowest bits no_slopes box done (opposite_row (over h))) as [b0 |] eqn:E2; try discriminate.
      apply (lowest_below _ _ _ _ _ B D) in E1. apply (lowest_below _ _ _ _ _ B D) in E2.
      set (open := (a0 <? 0)%Z && (b0 <? 0)%Z && negb (over_inputs_only box (under h))).
      set (a := if open then raised bits zeros box done (under h) a0 else a0).
      set (b := if open then raised bits zeros box done (opposite_row (over h)) b0 else b0).
      assert (F1 : q a <= row_at (under h)).
      { unfold a. destruct open; trivial. now apply raised_below. }
      assert (F2 : q b <= row_at (opposite_row (over h))).
      { unfold b. destruct open; trivial. now apply raised_below. }
      clearbody a b. clear E1 E2. rename F1 into E1, F2 into E2. rewrite opposite_at in E2.
      intros R. refine (IH _ _ _ B H' (Forall_cons _ _ D) R). exists l. cbn [at_variable under over ends].
      split; trivial. split; trivial. split; trivial.
      assert (A1 : q a <= l) by now apply (le_trans K L _ (row_at (under h))).
      assert (A2 : l <= q (- b)).
      { rewrite q_opp. apply (le_trans K L _ (row_at (over h))); trivial. apply (sub_le K L) in E2. apply (le_sub K L).
        replace (0 - q b - row_at (over h)) with (0 - row_at (over h) - q b) by ring. exact E2. }
      unfold ends_at in *. destruct (ends h) as [[a' b'] |]; [| now split]. destruct En as [En1 En2]. split.
      + destruct (Z.max_spec a a') as [[_ ->] | [_ ->]]; trivial.
      + destruct (Z.min_spec (- b) b') as [[_ ->] | [_ ->]]; trivial.
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
      destruct T as [T1 T2]. apply below in R. apply (lowest_below _ _ _ _ _ B H) in Z.
      pose proof (le_trans K L _ _ _ Z R) as Y. rewrite (opposite K L) in Y.
      apply orb_true_iff in C1 as [C1 | C1].
      + apply Z.ltb_lt in C1. apply (lt_irrefl K L 0).
        assert (P : 0 < q z) by (rewrite <- (rat_0 K L); apply (rat_lt K L); unfold Qlt; cbn [Qnum Qden]; lia).
        apply (lt_add K L (q z) (eval K v total) P) in T1. exfalso. apply (lt_not_le K L _ _ T1).
        apply (sub_le K L) in Y. apply (le_sub K L). replace (0 - (q z + eval K v total)) with (0 - eval K v total - q z) by ring.
        exact Y.
      + apply andb_true_iff in C1 as [-> C1]. apply Z.leb_le in C1. apply (lt_not_le K L _ _ (T2 eq_refl)).
        apply (le_sub K L). apply (le_trans K L _ (q z)); trivial. now apply q_pos.
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

  Lemma hinges_hold ks : forall acc hs, Forall (hinge_holds K bits w) acc -> hinges_of bits M lows ks acc = Some hs ->
    Forall (hinge_holds K bits w) hs.
  Proof.
    induction ks as [| k ks IH]; cbn [hinges_of]; intros acc hs F.
    - now intros [= <-].
    - destruct (argument M k) as [f |] eqn:G; try discriminate. destruct (find k lows) eqn:N; try discriminate.
      destruct (rows_of M lows (floor bits) f) as [r |] eqn:E1; try discriminate.
      destruct (rows_of M lows (ceiling bits) f) as [s |] eqn:E2; try discriminate.
      destruct (Pos.eqb k 1) eqn:O; try discriminate. apply IH. constructor; trivial.
      exists (eval K v f). cbn [at_variable under over ends]. split; [| split; [now apply rows_below | split; [now apply rows_above | exact I]]].
      unfold counted. rewrite O, N, G. now apply (argument_at K L v M A).
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
  destruct (hinges_of (places b) M (lower_ends (sides b)) (hinges b) []) as [hs |] eqn:E; try discriminate.
  apply (hinges_hold K L (places b) v U M A cs C (sides b) S O) in E; [| constructor].
  refine (covered_sound K L (places b) (counted K v M (lower_ends (sides b))) (counted_unit K v M _) _ v _
    (fun f r => rows_below K L (places b) v U M A cs C (sides b) S O f r) (cover b) _ hs violations _ E H).
  - intros k. now apply (counted_pos K L v U M A cs C).
  - now apply (whole_box_at K L (places b) v U M A cs C).
Qed.
