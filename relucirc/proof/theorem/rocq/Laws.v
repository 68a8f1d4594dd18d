(** What is known of the numbers: an ordered ring that contains the rationals. *)

From Coq Require Import List ZArith QArith Bool Ring.
From Relucirc Require Import Statement.
Import ListNotations.

(** * Lengths, whose names in the standard library differ between versions *)

Lemma length_of_map {A B} (f : A -> B) l : length (map f l) = length l.
Proof. induction l; simpl; auto. Qed.

Lemma length_of_app {A} (l r : list A) : length (l ++ r) = (length l + length r)%nat.
Proof. induction l; simpl; auto. Qed.

Lemma length_of_seq n : forall start, length (seq start n) = n.
Proof. induction n; simpl; auto. Qed.

(** * Laws *)

Record laws (K : numbers) : Prop := {
  ring_laws : ring_theory (int K 0) (int K 1) (add K) (mul K) (sub K) (opp K) eq;
  le_refl : forall a, le K a a;
  le_trans : forall a b c, le K a b -> le K b c -> le K a c;
  le_antisym : forall a b, le K a b -> le K b a -> a = b;
  le_or_lt : forall a b, le K a b \/ lt K b a;
  lt_le : forall a b, lt K a b -> le K a b;
  lt_not_le : forall a b, lt K a b -> ~ le K b a;
  add_le : forall a b c, le K a b -> le K (add K c a) (add K c b);
  mul_le : forall a b, le K (int K 0) a -> le K (int K 0) b -> le K (int K 0) (mul K a b);
  max_l : forall a b, le K b a -> max K a b = a;
  max_r : forall a b, le K a b -> max K a b = b;
  min_l : forall a b, le K a b -> min K a b = a;
  min_r : forall a b, le K b a -> min K a b = b;
  abs_max : forall a, abs K a = max K a (opp K a);
  eqn_eq : forall a b, eqn K a b <-> a = b;
  leb_le : forall a b, leb K a b = true <-> le K a b;
  rat_add : forall p q, rat K (p + q) = add K (rat K p) (rat K q);
  rat_mul : forall p q, rat K (p * q) = mul K (rat K p) (rat K q);
  rat_eq : forall p q, (p == q)%Q -> rat K p = rat K q;
  rat_le : forall p q, (p <= q)%Q -> le K (rat K p) (rat K q);
  rat_lt : forall p q, (p < q)%Q -> lt K (rat K p) (rat K q);
  rat_int : forall z, rat K (z # 1) = int K z
}.

Section Order.
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

  Lemma le_total a b : a <= b \/ b <= a.
  Proof. destruct (le_or_lt K L a b); auto using lt_le. Qed.

  Lemma sub_le a b : a <= b -> 0 <= b - a.
  Proof.
    intros H. apply (add_le K L _ _ (opp K a)) in H. replace (opp K a + a) with 0 in H by ring.
    now replace (opp K a + b) with (b - a) in H by ring.
  Qed.

  Lemma le_sub a b : 0 <= b - a -> a <= b.
  Proof.
    intros H. apply (add_le K L _ _ a) in H. replace (a + 0) with a in H by ring.
    now replace (a + (b - a)) with b in H by ring.
  Qed.

  Lemma le_add a b : 0 <= a -> 0 <= b -> 0 <= a + b.
  Proof.
    intros Ha Hb. apply (le_trans K L _ a); trivial. apply le_sub. now replace (a + b - a) with b by ring.
  Qed.

  Lemma not_le a b : ~ a <= b -> b < a.
  Proof. destruct (le_or_lt K L a b); tauto. Qed.

  Lemma sub_lt a b : a < b -> 0 < b - a.
  Proof.
    intros H. apply not_le. intros N. apply (lt_not_le K L _ _ H), le_sub.
    apply sub_le in N. now replace (a - b) with (0 - (b - a)) by ring.
  Qed.

  Lemma lt_sub a b : 0 < b - a -> a < b.
  Proof.
    intros H. apply not_le. intros N. apply (lt_not_le K L _ _ H), le_sub.
    apply sub_le in N. now replace (0 - (b - a)) with (a - b) by ring.
  Qed.

  Lemma lt_add a b : 0 < a -> 0 <= b -> 0 < a + b.
  Proof.
    intros Ha Hb. apply not_le. intros N. apply (lt_not_le K L _ _ Ha).
    apply (le_trans K L _ (a + b)); trivial. apply le_sub. now replace (a + b - a) with b by ring.
  Qed.

  Lemma lt_irrefl a : ~ a < a.
  Proof. intros H. apply (lt_not_le K L _ _ H), (le_refl K L). Qed.

  (** A product of a positive rational and a positive number is positive. *)
  Lemma lt_scale q a : (0 < q)%Q -> 0 < a -> 0 < rat K q * a.
  Proof.
    intros Hq Ha. apply not_le. intros N. apply (lt_not_le K L _ _ Ha).
    assert (H : 0 <= rat K (/ q) * (0 - rat K q * a)).
    { apply (mul_le K L).
      - rewrite <- (rat_int K L). apply (rat_le K L). apply Qlt_le_weak. now apply Qinv_lt_0_compat.
      - now apply sub_le. }
    replace (rat K (/ q) * (0 - rat K q * a)) with (0 - (rat K (/ q) * rat K q) * a) in H by ring.
    rewrite <- (rat_mul K L) in H.
    rewrite (rat_eq K L (/ q * q) (1 # 1)) in H.
    2: { rewrite Qmult_comm. apply Qmult_inv_r. intros E. rewrite E in Hq. discriminate Hq. }
    rewrite (rat_int K L) in H. apply le_sub. now replace (0 - a) with (0 - 1 * a) by ring.
  Qed.

  Lemma rat_pos q : (0 <= q)%Q -> 0 <= rat K q.
  Proof. intros H. rewrite <- (rat_int K L). now apply (rat_le K L). Qed.

  Lemma le_scale q a : (0 <= q)%Q -> 0 <= a -> 0 <= rat K q * a.
  Proof. intros. apply (mul_le K L); auto using rat_pos. Qed.

  Lemma rat_0 : rat K 0 = 0.
  Proof. apply (rat_int K L). Qed.

  Lemma rat_1 : rat K 1 = 1.
  Proof. apply (rat_int K L). Qed.

  Lemma rat_opp q : rat K (- q) = 0 - rat K q.
  Proof.
    assert (H : rat K (- q) + rat K q = 0).
    { rewrite <- (rat_add K L), <- rat_0. apply (rat_eq K L). rewrite Qplus_comm. apply Qplus_opp_r. }
    rewrite <- H. ring.
  Qed.

  (** * Maxima of lists *)

  Definition is_max (l : list K) (m : K) : Prop := In m l /\ forall y, In y l -> y <= m.

  Lemma is_max_unique l m m' : is_max l m -> is_max l m' -> m = m'.
  Proof. intros [H1 H2] [H3 H4]. apply (le_antisym K L); auto. Qed.

  Lemma is_max_two a b : is_max [a; b] (max K a b).
  Proof.
    destruct (le_total a b) as [H | H]; [rewrite (max_r K L) | rewrite (max_l K L)]; trivial;
      split; simpl; auto; intros y [<- | [<- | []]]; trivial; apply (le_refl K L).
  Qed.

  Lemma is_max_same l l' m : incl l l' -> incl l' l -> is_max l m -> is_max l' m.
  Proof. intros H H' [H1 H2]. split; auto. Qed.

  Lemma is_max_exists a l : exists m, is_max (a :: l) m.
  Proof.
    induction l as [| b l [m [Hi Hm]]].
    - exists a. split; simpl; auto. intros y [<- | []]. apply (le_refl K L).
    - destruct (le_total b m) as [H | H].
      + exists m. split; [destruct Hi; simpl; auto |]. intros y [<- | [<- | Hy]]; trivial; apply Hm; simpl; auto.
      + exists b. split; [simpl; auto |].
        intros y [<- | [<- | Hy]]; [| apply (le_refl K L) |]; apply (le_trans K L _ m); trivial; apply Hm; simpl; auto.
  Qed.
End Order.
