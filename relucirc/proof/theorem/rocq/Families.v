(** Families of networks: weights that hold symbols of one sign each, which cancel on the way through the network.

    A row that is [m] times a rational one, [m > 0], computes [relu (m z) = m relu z].  So each hidden neuron of a member
    is a positive multiple of the neuron of one rational network, and the outputs are the same. *)

From Coq Require Import List ZArith QArith Qcanon Qabs Reals Bool Ring Lia.
From Relucirc Require Import Statement Laws Forms Claims Points OverRationals OverReals.
Import ListNotations.

Lemma length_of_combine {A B} (l : list A) : forall r : list B, length (combine l r) = Nat.min (length l) (length r).
Proof. induction l as [| a l IH]; intros [| b r]; simpl; auto. Qed.

(** Weights as data.  A theorem states them in words of the numbers, such as [w1 / w2]. *)
Inductive weight :=
| Const (z : Z)
| Ratio (q : Q)
| Symbol (i : nat)
| Sum (a b : weight)
| Difference (a b : weight)
| Product (a b : weight)
| Quotient (a b : weight)
| Opposite (a : weight).

Section Value.
  Variable K : numbers.
  Variable inv : K -> K.
  Variable s : list K.

  Fixpoint weigh (w : weight) : K :=
    match w with
    | Const z => int K z
    | Ratio q => rat K q
    | Symbol i => nth i s (int K 0)
    | Sum a b => add K (weigh a) (weigh b)
    | Difference a b => sub K (weigh a) (weigh b)
    | Product a b => mul K (weigh a) (weigh b)
    | Quotient a b => mul K (weigh a) (inv (weigh b))
    | Opposite a => opp K (weigh a)
    end.

  Definition member (family : list (list (list weight) * list weight)) : list (list (list K) * list K) :=
    map (fun l => (map (map weigh) (fst l), map weigh (snd l))) family.
End Value.

(** * Polynomials in the symbols *)

(** Exponents of the symbols, one after another. *)
Definition powers := list nat.
Definition polynomial := list (powers * Q).

Fixpoint times_powers (a b : powers) : powers :=
  match a, b with
  | [], _ => b
  | _, [] => a
  | i :: a', j :: b' => (i + j)%nat :: times_powers a' b'
  end.

Fixpoint same_powers (a b : powers) : bool :=
  match a, b with
  | [], [] => true
  | i :: a', j :: b' => Nat.eqb i j && same_powers a' b'
  | _, _ => false
  end.

Fixpoint add_term (m : powers) (c : Q) (p : polynomial) : polynomial :=
  match p with
  | [] => [(m, c)]
  | (m', c') :: p' => if same_powers m m' then (m', qadd c c') :: p' else (m', c') :: add_term m c p'
  end.

Definition plus_poly (p q : polynomial) : polynomial := fold_right (fun t => add_term (fst t) (snd t)) q p.
Definition scale_poly (m : powers) (c : Q) (p : polynomial) : polynomial :=
  map (fun t => (times_powers m (fst t), qmul c (snd t))) p.
Definition times_poly (p q : polynomial) : polynomial :=
  fold_right (fun t => plus_poly (scale_poly (fst t) (snd t) q)) [] p.
Definition opposite_poly (p : polynomial) : polynomial := scale_poly [] (-1) p.
Definition zero_poly (p : polynomial) : bool := forallb (fun t => is_zero (snd t)) p.

(** * Signs, and weights as fractions *)

Section Check.
  (** Which symbols are positive; the others are negative. *)
  Variable signs : list bool.

  Definition both (f : bool -> bool -> option bool) (a b : option bool) : option bool :=
    match a, b with Some x, Some y => f x y | _, _ => None end.

  (** Whether a weight is positive or negative, as far as that can be seen. *)
  Fixpoint sign_of (w : weight) : option bool :=
    match w with
    | Const z => match z with Zpos _ => Some true | Zneg _ => Some false | Z0 => None end
    | Ratio q => match Qnum q with Zpos _ => Some true | Zneg _ => Some false | Z0 => None end
    | Symbol i => nth_error signs i
    | Sum a b => both (fun x y => if Bool.eqb x y then Some x else None) (sign_of a) (sign_of b)
    | Difference a b => both (fun x y => if Bool.eqb x y then None else Some x) (sign_of a) (sign_of b)
    | Product a b | Quotient a b => both (fun x y => Some (Bool.eqb x y)) (sign_of a) (sign_of b)
    | Opposite a => option_map negb (sign_of a)
    end.

  (** Numerator and denominator; none where the sign of a divisor is not seen. *)
  Fixpoint fraction (w : weight) : option (polynomial * polynomial) :=
    let two f a b :=
      match fraction a, fraction b with
      | Some (n, d), Some (m, e) => Some (f n d m e)
      | _, _ => None
      end in
    match w with
    | Const z => Some ([([], z # 1)], [([], 1%Q)])
    | Ratio q => Some ([([], q)], [([], 1%Q)])
    | Symbol i =>
      if Nat.ltb i (length signs) then Some ([(repeat O i ++ [1%nat], 1%Q)], [([], 1%Q)]) else None
    | Sum a b => two (fun n d m e => (plus_poly (times_poly n e) (times_poly m d), times_poly d e)) a b
    | Difference a b =>
      two (fun n d m e => (plus_poly (times_poly n e) (opposite_poly (times_poly m d)), times_poly d e)) a b
    | Product a b => two (fun n d m e => (times_poly n m, times_poly d e)) a b
    | Quotient a b =>
      match sign_of b with Some _ => two (fun n d m e => (times_poly n e, times_poly d m)) a b | None => None end
    | Opposite a => match fraction a with Some (n, d) => Some (opposite_poly n, d) | None => None end
    end.

  Definition same_weight (a b : weight) : bool :=
    match fraction a, fraction b with
    | Some (n, d), Some (m, e) => zero_poly (plus_poly (times_poly n e) (opposite_poly (times_poly m d)))
    | _, _ => false
    end.

  (** Whether weights times the scales below are a row of numbers times a scale. *)
  Fixpoint same_row (below : list weight) (scale : weight) (es : list weight) (qs : list Q) : bool :=
    match below, es, qs with
    | [], [], [] => true
    | m :: below', e :: es', q :: qs' =>
      same_weight (Product e m) (Product scale (Ratio q)) && same_row below' scale es' qs'
    | _, _, _ => false
    end.

  Fixpoint same_rows (below scales : list weight) (es : list (list weight * weight)) (qs : list (list Q * Q)) : bool :=
    match scales, es, qs with
    | [], [], [] => true
    | m :: scales', (e, b) :: es', (q, c) :: qs' =>
      same_row below m e q && same_weight b (Product m (Ratio c)) && same_rows below scales' es' qs'
    | _, _, _ => false
    end.

  Definition same_layer (below scales : list weight) (l : list (list weight) * list weight) (k : layer) : bool :=
    match k with
    | Layer weights bias => same_rows below scales (combine (fst l) (snd l)) (combine weights bias)
    | Sparse _ _ => false
    end.

  Definition is_positive (w : weight) : bool := match sign_of w with Some b => b | None => false end.

  (** Whether each member of a family is a network, rescaled: [scales] has the factor of every hidden neuron. *)
  Fixpoint same_layers (below : list weight) (scales : list (list weight))
    (family : list (list (list weight) * list weight)) (net : list layer) {struct family} : bool :=
    match family, net, scales with
    | [l], [k], [] => same_layer below (map (fun _ => Const 1) (combine (fst l) (snd l))) l k
    | l :: family', k :: net', m :: scales' =>
      forallb is_positive m && same_layer below m l k && same_layers m scales' family' net'
    | _, _, _ => false
    end.

  Definition check_family (n : nat) (scales : list (list weight)) (family : list (list (list weight) * list weight))
    (net : list layer) : bool :=
    same_layers (repeat (Const 1) n) scales family net.
End Check.

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

  Variable inv : K -> K.
  Hypothesis inverse : forall a, a <> 0 -> a * inv a = 1.

  (** * Signs *)

  Definition of_sign (b : bool) (a : K) : Prop := if b then 0 < a else a < 0.

  Lemma one_positive : 0 < 1.
  Proof. rewrite <- (rat_0 K L), <- (rat_1 K L). now apply (rat_lt K L). Qed.

  Lemma lt_nonzero b a : of_sign b a -> a <> 0.
  Proof. destruct b; simpl; intros H ->; now apply (lt_irrefl K L) in H. Qed.

  Lemma times_nonzero a b : a <> 0 -> b <> 0 -> a * b <> 0.
  Proof.
    intros Ha Hb E. apply Hb. replace b with (inv a * (a * b)); [rewrite E; ring |].
    replace (inv a * (a * b)) with (a * inv a * b) by ring. rewrite inverse by trivial. ring.
  Qed.

  Lemma le_lt a : 0 <= a -> a <> 0 -> 0 < a.
  Proof. intros H N. apply (not_le K L). intros G. apply N. now apply (le_antisym K L). Qed.

  Lemma times_positive a b : 0 < a -> 0 < b -> 0 < a * b.
  Proof.
    intros Ha Hb. apply le_lt; [apply (mul_le K L); now apply (lt_le K L) |].
    apply times_nonzero; [now apply (lt_nonzero true) | now apply (lt_nonzero true)].
  Qed.

  Lemma opp_positive a : a < 0 -> 0 < opp K a.
  Proof. intros H. replace (opp K a) with (0 - a) by ring. now apply (sub_lt K L). Qed.

  Lemma opp_negative a : 0 < a -> opp K a < 0.
  Proof. intros H. apply (lt_sub K L). now replace (0 - opp K a) with a by ring. Qed.

  Lemma inv_positive a : 0 < a -> 0 < inv a.
  Proof.
    intros H. apply (not_le K L). intros N. apply (lt_not_le K L _ _ one_positive).
    assert (E : a * inv a = 1) by (apply inverse; now apply (lt_nonzero true)). rewrite <- E. apply (le_sub K L).
    replace (0 - a * inv a) with (a * (0 - inv a)) by ring.
    apply (mul_le K L); [now apply (lt_le K L) | now apply (sub_le K L)].
  Qed.

  Lemma inv_opposite a : a <> 0 -> inv (opp K a) = opp K (inv a).
  Proof.
    intros H. assert (N : opp K a <> 0) by (intros E; apply H; replace a with (0 - opp K a) by ring; rewrite E; ring).
    replace (inv (opp K a)) with (a * inv a * inv (opp K a)) by (rewrite inverse by trivial; ring).
    replace (a * inv a * inv (opp K a)) with (opp K (inv a) * (opp K a * inv (opp K a))) by ring.
    rewrite inverse by trivial. ring.
  Qed.

  Lemma inv_sign b a : of_sign b a -> of_sign b (inv a).
  Proof.
    destruct b; simpl; intros H; [now apply inv_positive |].
    pose proof (inv_positive _ (opp_positive a H)) as P. rewrite inv_opposite in P by now apply (lt_nonzero false).
    apply opp_negative in P. now replace (opp K (opp K (inv a))) with (inv a) in P by ring.
  Qed.

  Lemma times_sign x y a b : of_sign x a -> of_sign y b -> of_sign (Bool.eqb x y) (a * b).
  Proof.
    destruct x, y; simpl; intros Ha Hb.
    - now apply times_positive.
    - apply opp_positive in Hb. pose proof (opp_negative _ (times_positive _ _ Ha Hb)) as P.
      now replace (opp K (a * opp K b)) with (a * b) in P by ring.
    - apply opp_positive in Ha. pose proof (opp_negative _ (times_positive _ _ Ha Hb)) as P.
      now replace (opp K (opp K a * b)) with (a * b) in P by ring.
    - apply opp_positive in Ha. apply opp_positive in Hb. pose proof (times_positive _ _ Ha Hb) as P.
      now replace (opp K a * opp K b) with (a * b) in P by ring.
  Qed.

  Lemma opp_sign x a : of_sign x a -> of_sign (negb x) (opp K a).
  Proof. destruct x; simpl; auto using opp_negative, opp_positive. Qed.

  Lemma plus_sign x a b : of_sign x a -> of_sign x b -> of_sign x (a + b).
  Proof.
    destruct x; simpl; intros Ha Hb.
    - apply (lt_add K L); trivial. now apply (lt_le K L).
    - apply opp_positive in Ha. apply opp_positive in Hb. pose proof (lt_add K L _ _ Ha (lt_le K L _ _ Hb)) as P.
      apply opp_negative in P. now replace (opp K (opp K a + opp K b)) with (a + b) in P by ring.
  Qed.

  Lemma nth_sign bs l : Forall2 of_sign bs l -> forall i b, nth_error bs i = Some b -> of_sign b (nth i l 0).
  Proof.
    induction 1 as [| x a bs l Hx _ IH]; intros [| i] b; simpl; try discriminate.
    - now intros [= <-].
    - apply IH.
  Qed.

  Lemma signed_length bs l : Forall2 of_sign bs l -> length bs = length l.
  Proof. induction 1; simpl; congruence. Qed.

  Variable signs : list bool.
  Variable s : list K.
  Hypothesis Signed : Forall2 of_sign signs s.

  Local Notation val := (weigh K inv s).

  Lemma both_some f a b x : both f a b = Some x -> exists y z, a = Some y /\ b = Some z /\ f y z = Some x.
  Proof. destruct a, b; try discriminate. simpl. eauto. Qed.

  Lemma rat_sign q : match Qnum q with Zpos _ => 0 < rat K q | Zneg _ => rat K q < 0 | Z0 => True end.
  Proof. destruct q as [[| p | p] d]; simpl; trivial; rewrite <- (rat_0 K L); now apply (rat_lt K L). Qed.

  Lemma sign_at w : forall b, sign_of signs w = Some b -> of_sign b (val w).
  Proof.
    induction w as [z | q | i | a IHa c IHc | a IHa c IHc | a IHa c IHc | a IHa c IHc | a IHa]; cbn [sign_of weigh];
      intros b H.
    - pose proof (rat_sign (z # 1)) as R. rewrite (rat_int K L) in R. simpl in R. destruct z; try discriminate; injection H as <-; exact R.
    - pose proof (rat_sign q) as R. destruct (Qnum q); try discriminate; injection H as <-; exact R.
    - exact (nth_sign signs s Signed i b H).
    - apply both_some in H as (x & y & Hx & Hy & H). destruct (Bool.eqb x y) eqn:E; try discriminate. injection H as <-.
      apply eqb_prop in E. subst. apply plus_sign; auto.
    - apply both_some in H as (x & y & Hx & Hy & H). destruct (Bool.eqb x y) eqn:E; try discriminate. injection H as <-.
      apply eqb_false_iff in E. apply IHa in Hx. apply IHc in Hy. apply opp_sign in Hy.
      replace (val a - val c) with (val a + opp K (val c)) by ring. apply plus_sign; trivial.
      now destruct x, y.
    - apply both_some in H as (x & y & Hx & Hy & [= <-]). apply times_sign; auto.
    - apply both_some in H as (x & y & Hx & Hy & [= <-]). apply times_sign; auto. apply inv_sign. auto.
    - destruct (sign_of signs a) as [x |]; try discriminate. injection H as <-. apply opp_sign. auto.
  Qed.

  (** * Polynomials *)

  Fixpoint power (a : K) (n : nat) : K := match n with O => 1 | S n' => a * power a n' end.

  Fixpoint monomial (m : powers) (l : list K) : K :=
    match m, l with i :: m', a :: l' => power a i * monomial m' l' | _, _ => 1 end.

  Fixpoint poly (p : polynomial) : K := match p with [] => 0 | (m, c) :: p' => rat K c * monomial m s + poly p' end.

  Lemma power_add a i j : power a (i + j) = power a i * power a j.
  Proof. induction i as [| i IH]; simpl; [ring |]. rewrite IH. ring. Qed.

  Lemma monomial_times m : forall n l, monomial (times_powers m n) l = monomial m l * monomial n l.
  Proof.
    induction m as [| i m IH]; intros [| j n] [| a l]; simpl; try ring. rewrite IH, power_add. ring.
  Qed.

  Lemma same_powers_eq a : forall b, same_powers a b = true -> a = b.
  Proof.
    induction a as [| i a IH]; intros [| j b]; simpl; try discriminate; trivial.
    rewrite andb_true_iff, Nat.eqb_eq. intros [-> H]. f_equal. auto.
  Qed.

  Lemma add_term_at m c p : poly (add_term m c p) = rat K c * monomial m s + poly p.
  Proof.
    induction p as [| [n d] p IH]; simpl; trivial. destruct (same_powers m n) eqn:E; simpl.
    - apply same_powers_eq in E. subst. rewrite (rat_qadd K L). ring.
    - rewrite IH. ring.
  Qed.

  Lemma plus_poly_at p q : poly (plus_poly p q) = poly p + poly q.
  Proof.
    induction p as [| [m c] p IH]; cbn [plus_poly fold_right fst snd poly]; [ring |].
    rewrite add_term_at. change (fold_right _ q p) with (plus_poly p q). rewrite IH. ring.
  Qed.

  Lemma scale_poly_at m c p : poly (scale_poly m c p) = rat K c * monomial m s * poly p.
  Proof.
    induction p as [| [n d] p IH]; cbn [scale_poly map fst snd poly]; [ring |].
    change (map _ p) with (scale_poly m c p). rewrite IH, (rat_qmul K L), monomial_times. ring.
  Qed.

  Lemma times_poly_at p q : poly (times_poly p q) = poly p * poly q.
  Proof.
    induction p as [| [m c] p IH]; cbn [times_poly fold_right fst snd poly]; [ring |].
    change (fold_right _ [] p) with (times_poly p q). rewrite plus_poly_at, scale_poly_at, IH. ring.
  Qed.

  Lemma opposite_poly_at p : poly (opposite_poly p) = 0 - poly p.
  Proof. unfold opposite_poly. rewrite scale_poly_at, (rat_minus_one K L). simpl. ring. Qed.

  Lemma zero_poly_at p : zero_poly p = true -> poly p = 0.
  Proof.
    induction p as [| [m c] p IH]; trivial. cbn [zero_poly forallb fst snd poly]. rewrite andb_true_iff.
    intros [H1 H2]. apply (rat_zero K L) in H1. rewrite H1. change (forallb _ p) with (zero_poly p) in H2.
    rewrite IH by trivial. ring.
  Qed.

  Lemma constant_poly c : poly [([], c)] = rat K c.
  Proof. simpl. destruct s; ring. Qed.

  Lemma monomial_symbol l : forall i, (i < length l)%nat -> monomial (repeat O i ++ [1%nat]) l = nth i l 0.
  Proof.
    induction l as [| a l IH]; intros [| i] H; simpl in *; try lia.
    - destruct l; ring.
    - rewrite IH by lia. ring.
  Qed.

  Lemma symbol_poly i : (i < length s)%nat -> poly [(repeat O i ++ [1%nat], 1%Q)] = nth i s 0.
  Proof.
    intros H. cbn [poly]. rewrite (rat_1 K L), monomial_symbol by trivial. ring.
  Qed.

  (** * Fractions *)

  Definition is_fraction (a : K) (f : polynomial * polynomial) : Prop :=
    a * poly (snd f) = poly (fst f) /\ poly (snd f) <> 0.

  Lemma one_nonzero : poly [([], 1%Q)] <> 0.
  Proof. rewrite constant_poly, (rat_1 K L). apply (lt_nonzero true), one_positive. Qed.

  Lemma fraction_at w : forall f, fraction signs w = Some f -> is_fraction (val w) f.
  Proof.
    assert (Two : forall (g : polynomial -> polynomial -> polynomial -> polynomial -> polynomial * polynomial) a b f,
      (match fraction signs a, fraction signs b with
        | Some (n, d), Some (m, e) => Some (g n d m e) | _, _ => None end) = Some f ->
      exists n d m e, fraction signs a = Some (n, d) /\ fraction signs b = Some (m, e) /\ f = g n d m e).
    { intros g a b f. destruct (fraction signs a) as [[n d] |]; try discriminate.
      destruct (fraction signs b) as [[m e] |]; try discriminate. intros [= <-]. exists n, d, m, e. auto. }
    induction w as [z | q | i | a IHa c IHc | a IHa c IHc | a IHa c IHc | a IHa c IHc | a IHa]; cbn [fraction weigh];
      intros f H.
    - injection H as <-. split; [| apply one_nonzero]. cbn [fst snd].
      rewrite !constant_poly, (rat_1 K L), (rat_int K L). ring.
    - injection H as <-. split; [| apply one_nonzero]. cbn [fst snd]. rewrite !constant_poly, (rat_1 K L). ring.
    - destruct (Nat.ltb_spec i (length signs)) as [Hi | Hi]; try discriminate. injection H as <-.
      split; [| apply one_nonzero]. cbn [fst snd]. rewrite symbol_poly, constant_poly, (rat_1 K L); [ring |].
      now rewrite <- (signed_length signs s Signed).
    - apply Two in H as (n & d & m & e & Ha & Hc & ->). apply IHa in Ha as [A1 A2]. apply IHc in Hc as [C1 C2].
      cbn [fst snd] in *. split; cbn [fst snd]; rewrite ?plus_poly_at, !times_poly_at; [rewrite <- A1, <- C1; ring |].
      now apply times_nonzero.
    - apply Two in H as (n & d & m & e & Ha & Hc & ->). apply IHa in Ha as [A1 A2]. apply IHc in Hc as [C1 C2].
      cbn [fst snd] in *. split; cbn [fst snd]; rewrite ?plus_poly_at, ?opposite_poly_at, !times_poly_at;
        [rewrite <- A1, <- C1; ring |]. now apply times_nonzero.
    - apply Two in H as (n & d & m & e & Ha & Hc & ->). apply IHa in Ha as [A1 A2]. apply IHc in Hc as [C1 C2].
      cbn [fst snd] in *. split; cbn [fst snd]; rewrite !times_poly_at; [rewrite <- A1, <- C1; ring |].
      now apply times_nonzero.
    - destruct (sign_of signs c) as [b |] eqn:Sc; try discriminate. apply sign_at, lt_nonzero in Sc.
      apply Two in H as (n & d & m & e & Ha & Hc & ->). apply IHa in Ha as [A1 A2]. apply IHc in Hc as [C1 C2].
      cbn [fst snd] in *. split; cbn [fst snd]; rewrite !times_poly_at.
      + rewrite <- A1, <- C1. replace (val a * inv (val c) * (poly d * (val c * poly e))) with
          (val a * poly d * poly e * (val c * inv (val c))) by ring. rewrite inverse by trivial. ring.
      + apply times_nonzero; trivial. rewrite <- C1. now apply times_nonzero.
    - destruct (fraction signs a) as [[n d] |] eqn:Ha; try discriminate. injection H as <-.
      destruct (IHa _ eq_refl) as [A1 A2]. cbn [fst snd] in *. split; cbn [fst snd]; trivial.
      rewrite opposite_poly_at, <- A1. ring.
  Qed.

  Lemma same_weight_at a b : same_weight signs a b = true -> val a = val b.
  Proof.
    unfold same_weight. destruct (fraction signs a) as [[n d] |] eqn:A; try discriminate.
    destruct (fraction signs b) as [[m e] |] eqn:B; try discriminate.
    apply fraction_at in A as [A1 A2]. apply fraction_at in B as [B1 B2]. cbn [fst snd] in *. intros H.
    apply zero_poly_at in H. rewrite plus_poly_at, opposite_poly_at, !times_poly_at, <- A1, <- B1 in H.
    assert (N : poly d * poly e <> 0) by now apply times_nonzero.
    assert (E : (val a - val b) * (poly d * poly e) = 0) by (rewrite <- H; ring).
    assert (Z : val a - val b = 0).
    { replace (val a - val b) with ((val a - val b) * (poly d * poly e) * inv (poly d * poly e)).
      - rewrite E. ring.
      - replace ((val a - val b) * (poly d * poly e) * inv (poly d * poly e)) with
          ((val a - val b) * (poly d * poly e * inv (poly d * poly e))) by ring. rewrite inverse by trivial. ring. }
    replace (val a) with (val a - val b + val b) by ring. rewrite Z. ring.
  Qed.

  (** * Rows and layers *)

  (** The values of neurons, each times its factor. *)
  Fixpoint scaled (ms : list weight) (y : list K) : list K :=
    match ms, y with m :: ms', a :: y' => val m * a :: scaled ms' y' | _, _ => [] end.

  Definition dense (x : list K) (row : list Q) (b : Q) : K :=
    fold_right (fun e total => rat K (fst e) * snd e + total) (rat K b) (combine row x).

  Lemma row_at below m es : forall qs y e b, same_row signs below m es qs = true -> length y = length below ->
    val e = val m * rat K b ->
    fold_right (fun t total => fst t * snd t + total) (val e) (combine (map val es) (scaled below y)) =
    val m * dense y qs b.
  Proof.
    unfold dense. revert below. induction es as [| w es IH]; intros [| k below] [| q qs] [| a y] e b; cbn [same_row];
      try discriminate; intros H Len E; try discriminate.
    - exact E.
    - apply andb_true_iff in H as [H1 H2]. injection Len as Len. apply same_weight_at in H1. cbn [weigh] in H1.
      cbn [map scaled combine fold_right fst snd]. rewrite (IH below qs y e b H2 Len E).
      replace (val w * (val k * a)) with (val w * val k * a) by ring. rewrite H1. ring.
  Qed.

  Lemma neuron_dense x row b : length row = length x ->
    neuron K x (combine (seq 0 (length row)) row, b) = dense x row b.
  Proof.
    intros Len. unfold neuron, dense; cbn [fst snd].
    assert (G : forall row l pre, length row = length l ->
      fold_right (fun e total => rat K (snd e) * nth (fst e) (pre ++ l) 0 + total) (rat K b)
        (combine (seq (length pre) (length row)) row) =
      fold_right (fun e total => rat K (fst e) * snd e + total) (rat K b) (combine row l)).
    { clear. induction row as [| q row IH]; intros [| a l] pre Len; try discriminate; trivial.
      injection Len as Len. cbn [length seq combine fold_right fst snd].
      specialize (IH l (pre ++ [a]) Len). rewrite length_of_app, <- app_assoc in IH. simpl in IH.
      rewrite Nat.add_1_r in IH. rewrite IH, app_nth2, Nat.sub_diag by lia. reflexivity. }
    apply (G row x [] Len).
  Qed.

  Lemma same_row_length below m es : forall qs, same_row signs below m es qs = true ->
    length qs = length below.
  Proof.
    revert below. induction es as [| w es IH]; intros [| k below] [| q qs]; cbn [same_row]; try discriminate; trivial.
    rewrite andb_true_iff. intros [_ H]. simpl. f_equal. now apply (IH below).
  Qed.

  Lemma rows_at below : forall scales es qs y, same_rows signs below scales es qs = true -> length y = length below ->
    map (fun r => fold_right (fun t total => fst t * snd t + total) (snd r) (combine (fst r) (scaled below y)))
      (map (fun r => (map val (fst r), val (snd r))) es) =
    scaled scales (map (fun r => neuron K y (combine (seq 0 (length (fst r))) (fst r), snd r)) qs) /\
    length qs = length scales.
  Proof.
    induction scales as [| m scales IH]; intros [| [e b] es] [| [q c] qs] y; cbn [same_rows]; try discriminate.
    - auto.
    - rewrite !andb_true_iff. intros [[H1 H2] H3] Len. destruct (IH es qs y H3 Len) as [IH1 IH2].
      cbn [map fst snd scaled length]. split; [| now rewrite IH2]. rewrite IH1. f_equal.
      apply same_weight_at in H2. cbn [weigh] in H2. rewrite neuron_dense; [| rewrite Len; eapply same_row_length; eauto].
      now apply row_at.
  Qed.

  Lemma layer_at below scales l k y : same_layer signs below scales l k = true -> length y = length below ->
    weighted_affine K (map (map val) (fst l), map val (snd l)) (scaled below y) = scaled scales (affine K k y) /\
    length (affine K k y) = length scales.
  Proof.
    unfold same_layer. destruct k as [weights bias | weights bias]; try discriminate. intros H Len.
    destruct (rows_at below scales _ _ y H Len) as [H1 H2]. unfold weighted_affine, affine; cbn [entries fst snd].
    split.
    - replace (combine (map (map val) (fst l)) (map val (snd l))) with
        (map (fun r => (map val (fst r), val (snd r))) (combine (fst l) (snd l))).
      + unfold weighted_neuron. rewrite H1. f_equal. clear. revert bias.
        induction weights as [| w weights IH]; intros [| b bias]; trivial. cbn [combine map fst snd]. now rewrite IH.
      + clear. destruct l as [es bs]; cbn [fst snd]. revert bs.
        induction es as [| e es IH]; intros [| b bs]; trivial. cbn [combine map fst snd]. now rewrite IH.
    - rewrite length_of_map, length_of_combine, length_of_map. now rewrite length_of_combine in H2.
  Qed.

  Lemma relu_scaled m a : 0 < m -> relu K (m * a) = m * relu K a.
  Proof.
    intros H. apply (lt_le K L) in H. unfold relu. destruct (le_total K L 0 a) as [P | P].
    - rewrite !(max_r K L); trivial. now apply (mul_le K L).
    - rewrite !(max_l K L); trivial; [ring |]. apply (le_sub K L).
      replace (0 - m * a) with (m * (0 - a)) by ring. apply (mul_le K L); trivial. now apply (sub_le K L).
  Qed.

  Lemma relus_scaled ms : forall y, forallb (is_positive signs) ms = true ->
    map (relu K) (scaled ms y) = scaled ms (map (relu K) y).
  Proof.
    induction ms as [| m ms IH]; intros [| a y]; trivial. cbn [forallb scaled map]. rewrite andb_true_iff.
    intros [H1 H2]. rewrite IH by trivial. f_equal. apply relu_scaled. unfold is_positive in H1.
    destruct (sign_of signs m) as [b |] eqn:E; try discriminate. subst. exact (sign_at m true E).
  Qed.

  Lemma scaled_ones {T} (l : list T) y : length y = length l -> scaled (map (fun _ => Const 1) l) y = y.
  Proof.
    revert y. induction l as [| a l IH]; intros [| b y]; try discriminate; trivial. intros [= Len].
    cbn [map scaled weigh]. rewrite IH by trivial. f_equal. ring.
  Qed.

  Lemma layers_at : forall family below scales net y, same_layers signs below scales family net = true ->
    length y = length below ->
    run_weights K (member K inv s family) (scaled below y) = run K net y.
  Proof.
    induction family as [| l family IH]; intros below scales net y; cbn [same_layers]; [discriminate |].
    destruct net as [| k net]; [destruct family; discriminate |].
    destruct scales as [| m scales].
    - destruct family; [| discriminate]. destruct net; [| discriminate]. intros H Len.
      destruct (layer_at _ _ _ _ y H Len) as [H1 H2]. cbn [member map run_weights run]. rewrite H1.
      apply scaled_ones. now rewrite length_of_map in H2.
    - intros H Len.
      assert (H' : forallb (is_positive signs) m && same_layer signs below m l k && same_layers signs m scales family net
        = true) by (destruct family, net; trivial; discriminate). clear H.
      rewrite !andb_true_iff in H'. destruct H' as [[P H] Rest]. destruct (layer_at _ _ _ _ y H Len) as [H1 H2].
      destruct family as [| l2 family]; [discriminate |]. destruct net as [| k2 net]; [destruct family; discriminate |].
      change (run_weights K (member K inv s (l2 :: family))
        (map (relu K) (weighted_affine K (map (map val) (fst l), map val (snd l)) (scaled below y))) =
        run K (k2 :: net) (map (relu K) (affine K k y))).
      rewrite H1, relus_scaled by trivial. apply (IH m scales (k2 :: net)); trivial. now rewrite length_of_map.
  Qed.

  (** Every member of a family that the checker accepts computes what the network does. *)
  Lemma family_sound n scales family net x : check_family signs n scales family net = true -> length x = n ->
    run_weights K (member K inv s family) x = run K net x.
  Proof.
    unfold check_family. intros H Len.
    assert (E : repeat (Const 1) n = map (fun _ => Const 1) x).
    { subst n. clear. induction x; simpl; congruence. }
    rewrite E in H. rewrite <- (layers_at family _ scales net x H) by now rewrite length_of_map.
    now rewrite scaled_ones.
  Qed.
End Sound.

(** * Over the reals *)

(** What holds of the network's outputs holds of those of every member. *)
Theorem family_on_reals signs n scales family net : check_family signs n scales family net = true ->
  forall s x, Forall2 (of_sign reals) signs s -> length x = n ->
  forall P : list R -> Prop, P (run reals net x) -> P (run_weights reals (member reals Rinv s family) x).
Proof.
  intros H s x S Len P. now rewrite (family_sound reals reals_laws Rinv Rinv_r signs s S n scales family net x H Len).
Qed.

(** * Over the rationals *)

Section Related.
  Variables A B : numbers.
  Variable R : A -> B -> Prop.
  Hypothesis H : related A B R.
  Variables (inv : A -> A) (inv' : B -> B).
  Hypothesis rel_inv : forall a b, R a b -> R (inv a) (inv' b).
  Variables (s : list A) (s' : list B).
  Hypothesis F : Forall2 R s s'.

  Lemma weigh_related w : R (weigh A inv s w) (weigh B inv' s' w).
  Proof.
    induction w; simpl.
    - apply (rel_int _ _ _ H).
    - apply (rel_rat _ _ _ H).
    - now apply (nth_related _ _ _ H).
    - now apply (rel_add _ _ _ H).
    - now apply (rel_sub _ _ _ H).
    - now apply (rel_mul _ _ _ H).
    - apply (rel_mul _ _ _ H); auto.
    - now apply (rel_opp _ _ _ H).
  Qed.

  Lemma affine_weights_related l x y : Forall2 R x y ->
    Forall2 R (weighted_affine A (map (map (weigh A inv s)) (fst l), map (weigh A inv s) (snd l)) x)
      (weighted_affine B (map (map (weigh B inv' s')) (fst l), map (weigh B inv' s') (snd l)) y).
  Proof.
    intros X. unfold weighted_affine; cbn [fst snd]. destruct l as [es bs]; cbn [fst snd]. revert bs.
    induction es as [| e es IH]; intros [| b bs]; cbn [map combine]; constructor; auto.
    unfold weighted_neuron; cbn [fst snd]. clear IH. revert x y X. induction e as [| w e IHe]; intros x y X; cbn [map combine].
    - apply weigh_related.
    - destruct X as [| p q x y E X]; cbn [combine fold_right fst snd]; [apply weigh_related |].
      apply (rel_add _ _ _ H); auto. apply (rel_mul _ _ _ H); trivial. apply weigh_related.
  Qed.

  Lemma member_related family : forall x y, Forall2 R x y ->
    Forall2 R (run_weights A (member A inv s family) x) (run_weights B (member B inv' s' family) y).
  Proof.
    induction family as [| l [| l' family] IH]; intros x y X; trivial.
    - now apply affine_weights_related.
    - apply IH. apply (relu_related _ _ _ H). now apply affine_weights_related.
  Qed.
End Related.

(** What holds of the network's outputs, whatever their fractions, holds of those of every member. *)
Theorem family_on_rationals signs n scales family net : check_family signs n scales family net = true ->
  forall s x, Forall2 (of_sign rationals) signs s -> length x = n ->
  forall P : list Q -> Prop, (forall l r, Forall2 Qeq l r -> P r -> P l) ->
  P (run rationals net x) -> P (run_weights rationals (member rationals Qinv s family) x).
Proof.
  intros H s x S Len P Proper. apply Proper.
  pose proof canonical_related as C.
  assert (S' : Forall2 (of_sign canonical) signs (map Q2Qc s)).
  { clear - S C. induction S as [| b q signs s Hb _ IH]; simpl; constructor; trivial.
    destruct b; simpl in *.
    - apply (Q2Qc_lt 0 q Hb).
    - apply (Q2Qc_lt q 0 Hb). }
  assert (I : forall a : Qc, a <> Q2Qc (inject_Z 0) -> Qcmult a (Qcinv a) = Q2Qc (inject_Z 1)).
  { intros a N. now apply Qcmult_inv_r. }
  pose proof (family_sound canonical canonical_laws Qcinv I signs _ S' n scales family net (map Q2Qc x) H) as E.
  rewrite length_of_map in E. specialize (E Len).
  assert (Inv : forall (q : Q) (a : Qc), (q == this a)%Q -> (/ q == this (Qcinv a))%Q).
  { intros q a Hq. unfold Qcinv. simpl. now rewrite Qred_correct, Hq. }
  pose proof (member_related _ _ _ C Qinv Qcinv Inv s _ (points_canonical s) family x _ (points_canonical x)) as E1.
  rewrite E in E1. apply (same_lowest_terms _ _ _ E1). apply (run_related _ _ _ C). apply points_canonical.
Qed.

Lemma proper_equal (f : list Q) l r : Forall2 Qeq l r -> Forall2 Qeq r f -> Forall2 Qeq l f.
Proof.
  intros E. revert f. induction E as [| p q l r Epq E IH]; intros f G; inversion G; subst; constructor; auto.
  now rewrite Epq.
Qed.

Lemma proper_within (eps : Q) (f l r : list Q) : Forall2 Qeq l r ->
  Forall2 (fun y f => Qabs (y - f) <= eps)%Q r f -> Forall2 (fun y f => Qabs (y - f) <= eps)%Q l f.
Proof.
  intros E. revert f. induction E as [| p q l r Epq E IH]; intros f G; inversion G; subst; constructor; auto.
  now rewrite Epq.
Qed.

Lemma proper_holds (y : list Q) (P : Prop) l r : Forall2 Qeq l r -> (Forall2 Qeq r y -> P) -> Forall2 Qeq l y -> P.
Proof. intros E H G. apply H. now apply (equal_lists_trans l). Qed.

(** What fails of outputs fails of equal ones. *)
Lemma proper_not (P : list Q -> Prop) : (forall l r, Forall2 Qeq l r -> P r -> P l) ->
  forall l r, Forall2 Qeq l r -> ~ P r -> ~ P l.
Proof.
  intros H l r E N G. apply N. apply (H r l); trivial. clear - E.
  induction E as [| p q l r Epq E IH]; constructor; trivial. now symmetry.
Qed.
