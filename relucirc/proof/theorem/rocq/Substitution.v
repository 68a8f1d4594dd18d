(** Substitution: a form over hinges is bounded from below on a box, the hinges of the highest number first.

    [c h >= d l + e] for a hinge [h = max 0 l].  Coefficients are whole multiples of [1 / 2^places], rounded down after
    every product; that is a lower bound because all variables are written so that they are not negative.  Two hinges
    may be a pair: what one is above the other lies between 0 and what its argument is above the other's, so that
    hinges of two networks that are about the same nearly cancel. *)

From Coq Require Import List ZArith QArith Bool Ring Lia FMapPositive.
From Relucirc Require Import Statement Laws Forms Evidence.
Import ListNotations.

(** Coefficients of variables, in units of [1 / 2^places]. *)
Definition row := list (positive * Z).

(** A form between two rows, and bounds of it. *)
Record between := { under : row; over : row; ends : option (Z * Z) }.

(** A hinge that another is paired with: its variable, bounds of its argument, how far the other's argument is above
    that, and whether this says more than both arguments' own bounds. *)
Record partner := { beside : positive; its_ends : option (Z * Z); gap : between; telling : bool }.

(** A hinge: its variable, its argument, and its partner. *)
Record hinge := { at_variable : positive; inner : between; joined : option partner }.

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

  Definition is_on (e : option (Z * Z)) : bool := match e with Some (a, _) => (0 <=? a)%Z | None => false end.
  Definition is_off (e : option (Z * Z)) : bool := match e with Some (_, b) => (b <=? 0)%Z | None => false end.

  (** [q] and [e] with [s (max 0 m - max 0 l) >= q (m - l) + e], from bounds of [l] and of [m - l]. *)
  Definition tied (s : Z) (of_l : option (Z * Z)) (lo up : Z) : option (Z * Z) :=
    if is_on of_l || (up <=? 0)%Z then Some (s, 0%Z)
    else if is_off of_l || (0 <=? lo)%Z then Some (0%Z, 0%Z)
    else
      let q := (- Z.div (s * lo) (up - lo))%Z in
      if (0 <=? q)%Z && (q <=? s)%Z && (0 <=? s * lo + q * (up - lo))%Z then Some (q, shrunk (- (q * up))) else None.

  (** [t (h - g) >= q z + e] for a hinge [h], its partner [g] and the difference [z] of their arguments. *)
  Definition difference (t : Z) (h : hinge) (p : partner) : option (Z * Z) :=
    match ends (gap p) with
    | Some (lo, up) =>
      if (0 <=? t)%Z then tied t (its_ends p) lo up
      else option_map (fun r => ((- fst r)%Z, snd r)) (tied (- t) (ends (inner h)) (- up) (- lo))
    | None => None
    end.

  Definition plus_multiple (d : Z) (b : between) (r : row) : row :=
    if (d =? 0)%Z then r else combine_rows d (if (0 <=? d)%Z then under b else over b) r.

  Definition plus_some (e : Z) (r : row) : row := if (e =? 0)%Z then r else plus_constant e r.

  (** Where a hinge and its partner have coefficients [c] and [a] of different signs,
      [c h + a g = (c - t) h + (a + t) g + t (h - g)], for the [t] of [c] and [- a] that is nearer to 0. *)
  Definition together (h : hinge) (r : row) : row :=
    match joined h, r with
    | Some p, (k, c) :: (i, a) :: r' =>
      if telling p && Pos.eqb k (at_variable h) && Pos.eqb i (beside p) && (c * a <? 0)%Z then
        let whole := (Z.abs c <=? Z.abs a)%Z in
        match difference (if whole then c else - a)%Z h p with
        | Some (q, e) => (if whole then i else k, (c + a)%Z) :: plus_multiple q (gap p) (plus_some e r')
        | None => r
        end
      else r
    | _, _ => r
    end.

  Variable slopes : table Z.

  Fixpoint substituted (hs : list hinge) (r : row) : option row :=
    match hs with
    | [] => Some r
    | h :: hs' =>
      match together h r with
      | (k, c) :: r' =>
        if Pos.eqb k (at_variable h) then
          match relaxed c (ends (inner h)) (find k slopes) with
          | Some (d, e) => substituted hs' (plus_multiple d (inner h) (plus_some e r'))
          | None => None
          end
        else substituted hs' ((k, c) :: r')
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

  (** The arguments of hinges. *)
  Variable arg : positive -> K.

  Definition ends_at (x : K) (e : option (Z * Z)) : Prop :=
    match e with Some (a, b) => q a <= x /\ x <= q b | None => True end.

  Definition between_at (x : K) (b : between) : Prop :=
    row_at (under b) <= x /\ x <= row_at (over b) /\ ends_at x (ends b).

  Definition is_hinge (k : positive) : Prop := w k = max K 0 (arg k).

  Definition joined_at (k : positive) (p : partner) : Prop :=
    is_hinge (beside p) /\ ends_at (arg (beside p)) (its_ends p) /\ between_at (arg k - arg (beside p)) (gap p).

  Definition hinge_holds (h : hinge) : Prop :=
    is_hinge (at_variable h) /\ between_at (arg (at_variable h)) (inner h) /\
    match joined h with Some p => joined_at (at_variable h) p | None => True end.

  Lemma above_line x : x <= max K 0 x /\ 0 <= max K 0 x.
  Proof. destruct (is_max_two K L 0 x) as [_ H]. split; apply H; simpl; auto. Qed.

  Lemma part_kept c d x : (0 <= d)%Z -> (d <= c)%Z -> q d * x + q 0 <= q c * max K 0 x.
  Proof.
    intros H G. destruct (above_line x) as [A1 A2]. rewrite q_zero. replace (q d * x + 0) with (q d * x) by ring.
    apply (le_trans K L _ (q d * max K 0 x)).
    - apply times_le; trivial. now apply q_pos.
    - replace (q d * max K 0 x) with (max K 0 x * q d) by ring. replace (q c * max K 0 x) with (max K 0 x * q c) by ring.
      apply times_le; trivial. now apply q_mono.
  Qed.

  Lemma relaxed_below c e kept d y x : relaxed bits c e kept = Some (d, y) -> ends_at x e ->
    q d * x + q y <= q c * max K 0 x.
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
      + intros E. injection E as <- <-. assert (P : 0 <= x) by (apply (le_trans K L _ (q a)); trivial; now apply q_pos).
        rewrite (max_r K L) by trivial. rewrite q_zero. replace (q c * x + 0) with (q c * x) by ring. apply (le_refl K L).
      + intros E. injection E as <- <-. assert (P : x <= 0) by (apply (le_trans K L _ (q b)); trivial; now apply q_neg).
        rewrite (max_l K L) by trivial. rewrite q_zero. replace (0 * x + 0) with 0 by ring.
        replace (q c * 0) with 0 by ring. apply (le_refl K L).
      + cbv zeta. set (d' := Z.div (c * b) (b - a)).
        destruct ((c <=? d')%Z && (d' <=? 0)%Z && (d' * (b - a) <=? c * b)%Z) eqn:T; try discriminate.
        intros E. injection E as <- <-. rewrite !andb_true_iff, !Z.leb_le in T. destruct T as [[T1 T2] T3].
        clearbody d'. assert (S : q (shrunk bits (- (d' * a))) <= 0 - q d' * q a).
        { replace (- (d' * a))%Z with (- d' * a)%Z by ring. apply (le_trans K L _ (q (- d') * q a)); [apply q_shrunk |].
          rewrite q_opp. replace ((0 - q d') * q a) with (0 - q d' * q a) by ring. apply (le_refl K L). }
        apply (le_trans K L _ (q d' * x + (0 - q d' * q a))); [apply le_plus; trivial; apply (le_refl K L) |].
        apply q_neg in T2. destruct (le_total K L 0 x) as [P | P].
        * rewrite (max_r K L) by trivial.
          assert (R : q d' * (q b - q a) <= q c * q b).
          { replace (q b - q a) with (q (b + - a)) by (rewrite q_plus, q_opp; ring).
            rewrite <- !(rat_mul K L). apply (rat_le K L). unfold Qle, Qmult; cbn [Qnum Qden]. rewrite Pos2Z.inj_mul. nia. }
          assert (D : q c - q d' <= 0).
          { replace (q c - q d') with (q (c + - d')) by (rewrite q_plus, q_opp; ring). apply q_neg. lia. }
          apply (times_ge _ _ _ D) in B. apply (sub_le K L) in R. apply (sub_le K L) in B. apply (le_sub K L).
          replace (q c * x - (q d' * x + (0 - q d' * q a))) with
            ((q c * q b - q d' * (q b - q a)) + ((q c - q d') * x - (q c - q d') * q b)) by ring.
          now apply (le_add K L).
        * rewrite (max_l K L) by trivial. apply (times_ge _ _ _ T2) in A. apply (sub_le K L) in A. apply (le_sub K L).
          replace (q c * 0 - (q d' * x + (0 - q d' * q a))) with (q d' * q a - q d' * x) by ring. exact A.
  Qed.

  Lemma is_on_at x e : ends_at x e -> is_on e = true -> max K 0 x = x.
  Proof.
    destruct e as [[a b] |]; cbn [is_on ends_at]; try discriminate. intros [A _] H. apply Z.leb_le in H.
    apply (max_r K L). apply (le_trans K L _ (q a)); trivial. now apply q_pos.
  Qed.

  Lemma is_off_at x e : ends_at x e -> is_off e = true -> max K 0 x = 0.
  Proof.
    destruct e as [[a b] |]; cbn [is_off ends_at]; try discriminate. intros [_ B] H. apply Z.leb_le in H.
    apply (max_l K L). apply (le_trans K L _ (q b)); trivial. now apply q_neg.
  Qed.

  (** The positive part neither falls nor rises faster than its argument. *)
  Lemma rises x y : x <= y -> 0 <= max K 0 y - max K 0 x /\ max K 0 y - max K 0 x <= y - x.
  Proof.
    intros H. destruct (above_line x) as [X1 X2]. destruct (above_line y) as [Y1 Y2]. split.
    - apply (sub_le K L). destruct (le_total K L 0 x) as [P | P].
      + rewrite (max_r K L 0 x) by trivial. now apply (le_trans K L _ y).
      + now rewrite (max_l K L 0 x).
    - apply (le_sub K L). destruct (le_total K L 0 y) as [P | P].
      + rewrite (max_r K L 0 y) by trivial. replace (y - x - (y - max K 0 x)) with (max K 0 x - x) by ring.
        now apply (sub_le K L).
      + rewrite (max_l K L 0 y), (max_l K L 0 x); trivial; [| now apply (le_trans K L _ y)].
        replace (y - x - (0 - 0)) with (y - x) by ring. now apply (sub_le K L).
  Qed.

  Lemma tied_below s e lo up x y d c : tied bits s e lo up = Some (d, c) -> (0 <= s)%Z -> ends_at x e ->
    q lo <= y - x -> y - x <= q up -> q d * (y - x) + q c <= q s * (max K 0 y - max K 0 x).
  Proof.
    intros T S E Lo Up. pose proof (q_pos s S) as Sq. destruct (above_line x) as [X1 X2]. destruct (above_line y) as [Y1 Y2].
    assert (Line : y - x <= max K 0 y - max K 0 x -> q s * (y - x) + q 0 <= q s * (max K 0 y - max K 0 x)).
    { intros H. rewrite q_zero. replace (q s * (y - x) + 0) with (q s * (y - x)) by ring. now apply times_le. }
    assert (Flat : 0 <= max K 0 y - max K 0 x -> q 0 * (y - x) + q 0 <= q s * (max K 0 y - max K 0 x)).
    { intros H. rewrite q_zero. replace (0 * (y - x) + 0) with 0 by ring. now apply (mul_le K L). }
    assert (Falls : y - x <= 0 -> y - x <= max K 0 y - max K 0 x).
    { intros H. assert (D : y <= x) by (apply (le_sub K L); replace (x - y) with (0 - (y - x)) by ring; now apply (sub_le K L)).
      destruct (rises y x D) as [_ R]. apply (sub_le K L) in R. apply (le_sub K L).
      replace (max K 0 y - max K 0 x - (y - x)) with (x - y - (max K 0 x - max K 0 y)) by ring. exact R. }
    assert (Grows : 0 <= y - x -> 0 <= max K 0 y - max K 0 x).
    { intros H. apply rises. now apply (le_sub K L). }
    revert T. unfold tied. destruct (is_on e || (up <=? 0)%Z) eqn:B1.
    - intros [= <- <-]. apply Line. apply orb_true_iff in B1 as [B1 | B1].
      + rewrite (is_on_at x e E B1). apply (le_sub K L).
        replace (max K 0 y - x - (y - x)) with (max K 0 y - y) by ring. now apply (sub_le K L).
      + apply Falls. apply (le_trans K L _ (q up)); trivial. apply q_neg. now apply Z.leb_le.
    - destruct (is_off e || (0 <=? lo)%Z) eqn:B2.
      + intros [= <- <-]. apply Flat. apply orb_true_iff in B2 as [B2 | B2].
        * rewrite (is_off_at x e E B2). replace (max K 0 y - 0) with (max K 0 y) by ring. exact Y2.
        * apply Grows. apply (le_trans K L _ (q lo)); trivial. apply q_pos. now apply Z.leb_le.
      + cbv zeta. set (d' := (- Z.div (s * lo) (up - lo))%Z).
        destruct ((0 <=? d')%Z && (d' <=? s)%Z && (0 <=? s * lo + d' * (up - lo))%Z) eqn:B; try discriminate.
        intros [= <- <-]. rewrite !andb_true_iff, !Z.leb_le in B. destruct B as [[D1 D2] D3]. clearbody d'.
        assert (C : q (shrunk bits (- (d' * up))) <= 0 - q d' * q up).
        { replace (- (d' * up))%Z with (- d' * up)%Z by ring. apply (le_trans K L _ _ _ (q_shrunk _ _)).
          rewrite q_opp. replace ((0 - q d') * q up) with (0 - q d' * q up) by ring. apply (le_refl K L). }
        apply (le_trans K L _ (q d' * (y - x) + (0 - q d' * q up))); [apply le_plus; trivial; apply (le_refl K L) |].
        apply q_pos in D1. destruct (le_total K L 0 (y - x)) as [P | P].
        * apply (le_trans K L _ 0); [| now apply (mul_le K L); [| apply Grows]].
          apply (times_le _ _ _ D1) in Up. apply (sub_le K L) in Up. apply (le_sub K L).
          replace (0 - (q d' * (y - x) + (0 - q d' * q up))) with (q d' * q up - q d' * (y - x)) by ring. exact Up.
        * apply (le_trans K L _ (q s * (y - x))); [| now apply times_le; [| apply Falls]].
          assert (R : 0 <= q s * q lo + q d' * (q up - q lo)).
          { replace (q up - q lo) with (q (up + - lo)) by (rewrite q_plus, q_opp; ring).
            rewrite <- !(rat_mul K L), <- (rat_add K L). apply (rat_pos K L).
            unfold Qle, Qplus, Qmult; cbn [Qnum Qden]. rewrite !Pos2Z.inj_mul. nia. }
          assert (D : 0 <= q s - q d').
          { replace (q s - q d') with (q (s + - d')) by (rewrite q_plus, q_opp; ring). apply q_pos. lia. }
          apply (times_le _ _ _ D) in Lo. apply (sub_le K L) in Lo. apply (le_sub K L).
          replace (q s * (y - x) - (q d' * (y - x) + (0 - q d' * q up))) with
            ((q s * q lo + q d' * (q up - q lo)) + ((q s - q d') * (y - x) - (q s - q d') * q lo)) by ring.
          now apply (le_add K L).
  Qed.

  Lemma difference_below t h p d c : hinge_holds h -> joined h = Some p -> difference bits t h p = Some (d, c) ->
    q d * (arg (at_variable h) - arg (beside p)) + q c <= q t * (w (at_variable h) - w (beside p)).
  Proof.
    intros (V & (_ & _ & E) & J) P. rewrite P in J. destruct J as (V' & E' & (_ & _ & G)). unfold difference.
    rewrite V, V'. set (y := arg (at_variable h)) in *. set (x := arg (beside p)) in *.
    destruct (ends (gap p)) as [[lo up] |]; try discriminate. destruct G as [G1 G2].
    destruct (Z.leb_spec 0 t) as [T | T].
    - intros D. now apply (tied_below t (its_ends p) lo up).
    - destruct (tied bits (- t) (ends (inner h)) (- up) (- lo)) as [[d' c'] |] eqn:D; cbn [option_map fst snd]; try discriminate.
      intros [= <- <-]. apply (tied_below _ _ _ _ y x) in D; trivial; [| lia | |].
      + rewrite q_opp in D. rewrite q_opp. replace ((0 - q d') * (y - x)) with (q d' * (x - y)) by ring.
        replace (q t * (max K 0 y - max K 0 x)) with ((0 - q t) * (max K 0 x - max K 0 y)) by ring. exact D.
      + rewrite q_opp. apply (sub_le K L) in G2. apply (le_sub K L).
        replace (x - y - (0 - q up)) with (q up - (y - x)) by ring. exact G2.
      + rewrite q_opp. apply (sub_le K L) in G1. apply (le_sub K L).
        replace (0 - q lo - (x - y)) with (y - x - q lo) by ring. exact G1.
  Qed.

  Lemma plus_some_at e r : row_at (plus_some e r) = q e + row_at r.
  Proof.
    unfold plus_some. destruct (Z.eqb_spec e 0) as [-> |]; [rewrite q_zero; ring | apply plus_constant_at].
  Qed.

  Lemma plus_multiple_below d x b r : between_at x b -> row_at (plus_multiple bits d b r) <= q d * x + row_at r.
  Proof.
    intros (Un & Ov & _). unfold plus_multiple. destruct (Z.eqb_spec d 0) as [-> | D].
    - rewrite q_zero. replace (0 * x + row_at r) with (row_at r) by ring. apply (le_refl K L).
    - apply (le_trans K L _ _ _ (combine_below _ _ _)). apply le_plus; [| apply (le_refl K L)].
      destruct (Z.leb_spec 0 d) as [P | P]; [apply times_le | apply times_ge]; trivial; [now apply q_pos | apply q_neg; lia].
  Qed.

  Lemma together_below h r : hinge_holds h -> row_at (together bits h r) <= row_at r.
  Proof.
    intros H. unfold together. destruct (joined h) as [p |] eqn:J; [| apply (le_refl K L)].
    destruct r as [| [k c] [| [i a] r]]; try apply (le_refl K L).
    destruct (telling p && Pos.eqb k (at_variable h) && Pos.eqb i (beside p) && (c * a <? 0)%Z) eqn:B;
      [| apply (le_refl K L)].
    rewrite !andb_true_iff, !Pos.eqb_eq in B. destruct B as [[[_ ->] ->] _]. cbv zeta.
    set (whole := (Z.abs c <=? Z.abs a)%Z). set (t := (if whole then c else - a)%Z).
    destruct (difference bits t h p) as [[d e] |] eqn:D; [| apply (le_refl K L)].
    apply (difference_below t h p d e H J) in D. pose proof H as (_ & _ & G). rewrite J in G. destruct G as (_ & _ & G).
    cbn [row_at]. set (k := at_variable h) in *. set (i := beside p) in *.
    apply (le_trans K L _ (q (c + a) * w (if whole then i else k) + (q d * (arg k - arg i) + (q e + row_at r)))).
    { apply le_plus; [apply (le_refl K L) |]. rewrite <- plus_some_at. now apply plus_multiple_below. }
    apply (le_trans K L _ (q (c + a) * w (if whole then i else k) + (q t * (w k - w i) + row_at r))).
    { apply le_plus; [apply (le_refl K L) |].
      replace (q d * (arg k - arg i) + (q e + row_at r)) with (q d * (arg k - arg i) + q e + row_at r) by ring.
      apply le_plus; trivial. apply (le_refl K L). }
    unfold t. destruct whole; rewrite q_plus; [| rewrite q_opp].
    - replace ((q c + q a) * w i + (q c * (w k - w i) + row_at r)) with (q c * w k + (q a * w i + row_at r)) by ring.
      apply (le_refl K L).
    - replace ((q c + q a) * w k + ((0 - q a) * (w k - w i) + row_at r)) with (q c * w k + (q a * w i + row_at r)) by ring.
      apply (le_refl K L).
  Qed.

  Lemma substituted_below slopes hs r s : Forall hinge_holds hs -> substituted bits slopes hs r = Some s ->
    row_at s <= row_at r.
  Proof.
    intros H. revert r s. induction H as [| h hs Hh _ IH]; cbn [substituted]; intros r s.
    - intros [= <-]. apply (le_refl K L).
    - intros S. apply (le_trans K L _ (row_at (together bits h r))); [| now apply together_below].
      revert S. destruct (together bits h r) as [| [k c] r'].
      { intros [= <-]. apply (le_refl K L). }
      destruct (Pos.eqb_spec k (at_variable h)) as [-> | N]; [| apply IH].
      destruct Hh as (V & B & _).
      destruct (relaxed bits c (ends (inner h)) (find (at_variable h) slopes)) as [[d e] |] eqn:R; try discriminate.
      apply (relaxed_below c _ _ d e (arg (at_variable h))) in R; [| now destruct B as (_ & _ & B)].
      intros S. apply IH in S. apply (le_trans K L _ _ _ S). cbn [row_at]. rewrite V.
      apply (le_trans K L _ _ _ (plus_multiple_below d _ _ _ B)). rewrite plus_some_at.
      replace (q d * arg (at_variable h) + (q e + row_at r')) with (q d * arg (at_variable h) + q e + row_at r') by ring.
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

End Sound.
