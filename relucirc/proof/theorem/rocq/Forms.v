(** Linear forms with rational coefficients, as sparse lists in ascending order of their variables.

    Variable 1 is the constant one, so that an affine form is a linear one; the others are the inputs, from 2 on, and
    the atoms.  Nothing below depends on the order, but a form is only recognised as zero if it is kept. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive.
From Relucirc Require Import Statement Laws.
Import ListNotations.

Arguments Pos.eqb : simpl never.
Arguments Pos.compare : simpl never.

Definition form := list (positive * Q).

(** One coefficient. *)
Definition co (k : positive) (c : Q) : positive * Q := (k, c).

(** Sums and products in lowest terms, quick where both are integers. *)
Definition qadd (a b : Q) : Q :=
  match a, b with
  | m # 1, n # 1 => (m + n)%Z # 1
  | _, _ => Qred (a + b)
  end.

Definition qmul (a b : Q) : Q :=
  match a, b with
  | m # 1, n # 1 => (m * n)%Z # 1
  | _, _ => Qred (a * b)
  end.

Lemma qadd_correct a b : (qadd a b == a + b)%Q.
Proof.
  destruct a as [m [d | d |]], b as [n [e | e |]]; unfold qadd; try apply Qred_correct.
  unfold Qeq, Qplus; simpl. now rewrite !Z.mul_1_r.
Qed.

Lemma qmul_correct a b : (qmul a b == a * b)%Q.
Proof. destruct a as [m [d | d |]], b as [n [e | e |]]; unfold qmul; try apply Qred_correct. reflexivity. Qed.

Definition is_zero (q : Q) : bool := match Qnum q with Z0 => true | _ => false end.

Lemma is_zero_correct q : is_zero q = true -> (q == 0)%Q.
Proof. destruct q as [[] d]; try discriminate. reflexivity. Qed.

Definition term (k : positive) (c : Q) (f : form) : form := if is_zero c then f else (k, c) :: f.

(** [c f + g] *)
Fixpoint axpy (c : Q) (f : form) : form -> form :=
  match f with
  | [] => fun g => g
  | (k, a) :: f' =>
    fix inner (g : form) : form :=
      match g with
      | [] => term k (qmul c a) (axpy c f' [])
      | (l, b) :: g' =>
        match Pos.compare k l with
        | Datatypes.Eq => term k (qadd (qmul c a) b) (axpy c f' g')
        | Datatypes.Lt => term k (qmul c a) (axpy c f' g)
        | Datatypes.Gt => (l, b) :: inner g'
        end
      end
  end.

Definition scale (c : Q) (f : form) : form := axpy c f [].
Definition plus (f g : form) : form := axpy 1 f g.
Definition minus (f g : form) : form := axpy (-1) g f.
Definition constant (c : Q) : form := term 1 c [].
Definition variable (k : positive) : form := [(k, 1%Q)].

(** The value of a form that has no variables. *)
Definition fixed (f : form) : option Q :=
  match f with
  | [] => Some 0%Q
  | [(k, c)] => if Pos.eqb k 1 then Some c else None
  | _ => None
  end.

Fixpoint coefficient (f : form) (k : positive) : Q :=
  match f with [] => 0%Q | (l, c) :: f' => if Pos.eqb l k then c else coefficient f' k end.

Fixpoint without (k : positive) (f : form) : form :=
  match f with [] => [] | (l, c) :: f' => if Pos.eqb l k then f' else (l, c) :: without k f' end.

(** Whether two forms are the same term by term. *)
Fixpoint same (f g : form) : bool :=
  match f, g with
  | [], [] => true
  | (k, a) :: f', (l, b) :: g' => Pos.eqb k l && Qeq_bool a b && same f' g'
  | _, _ => false
  end.

Definition table := PositiveMap.t.
Definition find {A} (k : positive) (m : table A) : option A := PositiveMap.find k m.

(** Variables replaced by forms. *)
Fixpoint replace_by (m : table form) (f : form) : form :=
  match f with
  | [] => []
  | (k, c) :: f' =>
    match find k m with
    | Some g => axpy c g (replace_by m f')
    | None => axpy c (variable k) (replace_by m f')
    end
  end.

Section Eval.
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

  Definition env := positive -> K.

  Fixpoint eval (v : env) (f : form) : K :=
    match f with [] => 0 | (k, c) :: f' => rat K c * v k + eval v f' end.

  Lemma rat_zero q : is_zero q = true -> rat K q = 0.
  Proof. intros H. rewrite <- (rat_0 K L). apply (rat_eq K L). now apply is_zero_correct. Qed.

  Lemma rat_qadd a b : rat K (qadd a b) = rat K a + rat K b.
  Proof. rewrite <- (rat_add K L). apply (rat_eq K L), qadd_correct. Qed.

  Lemma rat_qmul a b : rat K (qmul a b) = rat K a * rat K b.
  Proof. rewrite <- (rat_mul K L). apply (rat_eq K L), qmul_correct. Qed.

  Lemma eval_term v k c f : eval v (term k c f) = rat K c * v k + eval v f.
  Proof. unfold term. destruct (is_zero c) eqn:E; trivial. rewrite rat_zero by trivial. ring. Qed.

  Lemma eval_axpy v c f g : eval v (axpy c f g) = rat K c * eval v f + eval v g.
  Proof.
    revert g. induction f as [| [k a] f IH]; intros g; simpl; [ring |].
    induction g as [| [l b] g IHg].
    - rewrite eval_term, IH, rat_qmul. simpl. ring.
    - destruct (Pos.compare_spec k l) as [<- | H | H].
      + rewrite eval_term, IH, rat_qadd, rat_qmul. simpl. ring.
      + rewrite eval_term, IH, rat_qmul. simpl. ring.
      + simpl. rewrite IHg. ring.
  Qed.

  Lemma eval_scale v c f : eval v (scale c f) = rat K c * eval v f.
  Proof. unfold scale. rewrite eval_axpy. simpl. ring. Qed.

  Lemma eval_plus v f g : eval v (plus f g) = eval v f + eval v g.
  Proof. unfold plus. rewrite eval_axpy, (rat_1 K L). ring. Qed.

  Lemma rat_minus_one : rat K (-1) = 0 - 1.
  Proof. change (-1)%Q with (- (1))%Q. rewrite (rat_opp K L), (rat_1 K L). trivial. Qed.

  Lemma eval_minus v f g : eval v (minus f g) = eval v f - eval v g.
  Proof. unfold minus. rewrite eval_axpy, rat_minus_one. ring. Qed.

  Lemma eval_variable v k : eval v (variable k) = v k.
  Proof. simpl. rewrite (rat_1 K L). ring. Qed.

  Lemma eval_constant v c : v 1%positive = 1 -> eval v (constant c) = rat K c.
  Proof. intros H. unfold constant. rewrite eval_term, H. simpl. ring. Qed.

  Lemma eval_fixed v f c : v 1%positive = 1 -> fixed f = Some c -> eval v f = rat K c.
  Proof.
    intros H. destruct f as [| [k a] [|]]; simpl; try discriminate.
    - intros [= <-]. now rewrite (rat_0 K L).
    - destruct (Pos.eqb_spec k 1) as [-> |]; try discriminate. intros [= <-]. rewrite H. ring.
  Qed.

  Lemma eval_without v k f : eval v f = rat K (coefficient f k) * v k + eval v (without k f).
  Proof.
    induction f as [| [l c] f IH]; simpl.
    - rewrite (rat_0 K L). ring.
    - destruct (Pos.eqb_spec l k) as [-> |]; trivial. simpl. rewrite IH. ring.
  Qed.

  Lemma eval_same v f g : same f g = true -> eval v f = eval v g.
  Proof.
    revert g. induction f as [| [k a] f IH]; destruct g as [| [l b] g]; simpl; try discriminate; trivial.
    rewrite !andb_true_iff. intros [[H1 H2] H3]. apply Pos.eqb_eq in H1. subst.
    rewrite (IH g H3), (rat_eq K L a b); trivial. now apply Qeq_bool_iff.
  Qed.

  Lemma eval_replace v m f : (forall k g, find k m = Some g -> eval v g = v k) -> eval v (replace_by m f) = eval v f.
  Proof.
    intros H. induction f as [| [k c] f IH]; trivial. cbn [replace_by eval].
    destruct (find k m) eqn:E; rewrite eval_axpy, IH; [now rewrite (H k _ E) |]. now rewrite eval_variable.
  Qed.

  (** A form only reads the variables that it names. *)
  Lemma eval_ext v w f : (forall k c, In (k, c) f -> v k = w k) -> eval v f = eval w f.
  Proof.
    induction f as [| [k c] f IH]; simpl; trivial. intros H.
    rewrite (H k c), IH; auto. intros l b Hb. apply (H l b). auto.
  Qed.
End Eval.

Arguments axpy : simpl never.
Arguments plus : simpl never.
Arguments minus : simpl never.
Arguments scale : simpl never.
Arguments variable : simpl never.
Arguments constant : simpl never.
Arguments find : simpl never.
