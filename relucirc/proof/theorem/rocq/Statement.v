(** What a theorem says: numbers, networks, formulas.  To believe a theorem, read this file and the statement. *)

From Coq Require Import List ZArith QArith Bool.
Import ListNotations.

(** The numbers that networks compute with; the rationals and the reals are two of them. *)
Record numbers := Numbers {
  carrier :> Type;
  rat : Q -> carrier;
  int : Z -> carrier;
  add : carrier -> carrier -> carrier;
  sub : carrier -> carrier -> carrier;
  mul : carrier -> carrier -> carrier;
  opp : carrier -> carrier;
  max : carrier -> carrier -> carrier;
  min : carrier -> carrier -> carrier;
  abs : carrier -> carrier;
  le : carrier -> carrier -> Prop;
  lt : carrier -> carrier -> Prop;
  eqn : carrier -> carrier -> Prop;
  leb : carrier -> carrier -> bool
}.

(** * Networks *)

(** The weights of a layer, a row for every neuron, and their biases.  In sparse rows an entry [(i, w)] is the weight
    [w] of the [i]-th value below, counted from 0; what is left out is 0. *)
Inductive layer :=
| Layer (weights : list (list Q)) (bias : list Q)
| Sparse (weights : list (list (nat * Q))) (bias : list Q).

(** An entry of a sparse row, its number written in binary, which is quick to read. *)
Definition entry (i : N) (w : Q) : nat * Q := (N.to_nat i, w).

Definition entries (l : layer) : list (list (nat * Q) * Q) :=
  match l with
  | Layer weights bias => combine (map (fun row => combine (seq 0 (length row)) row) weights) bias
  | Sparse weights bias => combine weights bias
  end.

Section Network.
  Variable K : numbers.

  Definition relu (x : K) : K := max K (int K 0) x.

  (** [b + w1 * x1 + ... + wn * xn] *)
  Definition neuron (x : list K) (weighted : list (nat * Q) * Q) : K :=
    fold_right (fun e total => add K (mul K (rat K (snd e)) (nth (fst e) x (int K 0))) total)
      (rat K (snd weighted)) (fst weighted).

  Definition affine (l : layer) (x : list K) : list K := map (neuron x) (entries l).

  (** ReLU stands after every layer but the last. *)
  Fixpoint run (net : list layer) (x : list K) : list K :=
    match net with
    | [] => x
    | [last] => affine last x
    | l :: above => run above (map relu (affine l x))
    end.

  (** The same with weights that are numbers of [K], such as [w1 / w2]: rows of weights, and biases. *)
  Definition weighted_neuron (x : list K) (row : list K * K) : K :=
    fold_right (fun e total => add K (mul K (fst e) (snd e)) total) (snd row) (combine (fst row) x).

  Definition weighted_affine (l : list (list K) * list K) (x : list K) : list K :=
    map (weighted_neuron x) (combine (fst l) (snd l)).

  Fixpoint run_weights (net : list (list (list K) * list K)) (x : list K) : list K :=
    match net with
    | [] => x
    | [last] => weighted_affine last x
    | l :: above => run_weights above (map relu (weighted_affine l x))
    end.
End Network.

(** * Formulas *)

Section Sorting.
  Variable K : numbers.

  Fixpoint insert (x : K) (l : list K) : list K :=
    match l with [] => [x] | y :: l' => min K x y :: insert (max K x y) l' end.

  (** The list in ascending order. *)
  Definition sort (l : list K) : list K := fold_right insert [] l.

  (** The [k]-th smallest, counted from 1. *)
  Definition smallest (k : nat) (l : list K) : K := nth (pred k) (sort l) (int K 0).
End Sorting.

(** Comparisons as truth values, for piecewise formulas. *)
Definition ltb (K : numbers) (a b : K) : bool := negb (leb K b a).
Definition eqb (K : numbers) (a b : K) : bool := leb K a b && leb K b a.

(** Formulas as data.  A theorem states a formula in words of the numbers, such as [Rmin x1 x2]; [value] of the data
    that the checker reads unfolds to just that. *)
Inductive expr :=
| Var (i : nat)
| Int (z : Z)
| Rat (q : Q)
| Add (a b : expr)
| Sub (a b : expr)
| Mul (a b : expr)
| Opp (a : expr)
| Max (a b : expr)
| Min (a b : expr)
| Abs (a : expr)
| Smallest (k : nat) (es : exprs)
| If (c : cond) (a b : expr)
with exprs :=
| Nil
| Cons (e : expr) (es : exprs)
with cond :=
| Le (a b : expr)
| Lt (a b : expr)
| Eq (a b : expr)
| Not (c : cond)
| And (c d : cond)
| Or (c d : cond).

Section Value.
  Variable K : numbers.
  Variable x : list K.

  Fixpoint value (e : expr) : K :=
    match e with
    | Var i => nth i x (int K 0)
    | Int z => int K z
    | Rat q => rat K q
    | Add a b => add K (value a) (value b)
    | Sub a b => sub K (value a) (value b)
    | Mul a b => mul K (value a) (value b)
    | Opp a => opp K (value a)
    | Max a b => max K (value a) (value b)
    | Min a b => min K (value a) (value b)
    | Abs a => abs K (value a)
    | Smallest k es => smallest K k (values es)
    | If c a b => if truth c then value a else value b
    end
  with values (es : exprs) : list K :=
    match es with Nil => [] | Cons e es' => value e :: values es' end
  with truth (c : cond) : bool :=
    match c with
    | Le a b => leb K (value a) (value b)
    | Lt a b => ltb K (value a) (value b)
    | Eq a b => eqb K (value a) (value b)
    | Not c => negb (truth c)
    | And c d => truth c && truth d
    | Or c d => truth c || truth d
    end.
End Value.

(** * Domains: comparisons that hold, and inputs that are integers *)

Inductive relation :=
| Leq (a b : expr)
| Less (a b : expr)
| Equal (a b : expr).

Definition holds (K : numbers) (x : list K) (r : relation) : Prop :=
  match r with
  | Leq a b => le K (value K x a) (value K x b)
  | Less a b => lt K (value K x a) (value K x b)
  | Equal a b => eqn K (value K x a) (value K x b)
  end.

Definition integral (K : numbers) (a : K) : Prop := exists z : Z, eqn K a (int K z).

Record domain := Domain { relations : list relation; integers : list nat }.

Definition inside (K : numbers) (d : domain) (x : list K) : Prop :=
  Forall (holds K x) (relations d) /\ Forall (fun i => integral K (nth i x (int K 0))) (integers d).
