(** Cells of a domain, each with its own coordinates, atoms and evidence; and the checker as a whole. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive Lia.
From Relucirc Require Import Statement Laws Forms Evidence Steps Lowering Trees Symmetry ZeroOne Endings Claims.
Import ListNotations.

(** One cell.  [equalities] are constraints whose opposites are not negative either; [pivots] are inputs as forms over
    the others, with facts that neither is the larger; then come the atoms, the steps of both sides, and how it ends. *)
Record case := {
  equalities : list (nat * list fact);
  pivots : list (nat * (form * (list fact * list fact)));
  case_atoms : list (list form);
  left_steps : list step;
  right_steps : list step;
  ending : finish
}.

Inductive cells :=
| Split (f : form) (above rest : cells)
| Between (f : form) (z : Z) (below above : cells)
| Empty (facts : list fact)
| Case (c : case).

(** The variable of the [i]-th input. *)
Definition input (i : nat) : positive := Pos.of_succ_nat (S i).

Fixpoint set_zero (i : nat) (cs : list known) : list known :=
  match i, cs with
  | O, (f, _) :: cs' => (f, Zero) :: cs'
  | S i', c :: cs' => c :: set_zero i' cs'
  | _, [] => []
  end.

Fixpoint equate (es : list (nat * list fact)) (cs : list known) : option (list known) :=
  match es with
  | [] => Some cs
  | (i, facts) :: es' =>
    match nth_error cs i with
    | Some (f, _) => if nonnegative no_atoms cs (scale (-1) f) facts then equate es' (set_zero i cs) else None
    | None => None
    end
  end.

Fixpoint set_nth (i : nat) (f : form) (l : list form) : list form :=
  match i, l with
  | O, _ :: l' => f :: l'
  | S i', g :: l' => g :: set_nth i' f l'
  | _, [] => []
  end.

Fixpoint solve (cs : list known) (ps : list (nat * (form * (list fact * list fact)))) (x : list form) :
  option (list form) :=
  match ps with
  | [] => Some x
  | (i, (g, (up, down))) :: ps' =>
    let here := variable (input i) in
    if nonnegative no_atoms cs (minus g here) up && nonnegative no_atoms cs (minus here g) down
    then solve cs ps' (set_nth i g x) else None
  end.

(** The pivots as a table, to put them into the constraints. *)
Definition solved (ps : list (nat * (form * (list fact * list fact)))) : table form :=
  fold_right (fun p m => PositiveMap.add (input (fst p)) (fst (snd p)) m) no_values ps.

Definition charted (ps : list (nat * (form * (list fact * list fact)))) (cs : list known) : list known :=
  match ps with
  | [] => cs
  | _ => let m := solved ps in map (fun c => (replace_by m (fst c), snd c)) cs
  end.

Fixpoint differences (l r : list form) : option (list form) :=
  match l, r with
  | [], [] => Some []
  | f :: l', g :: r' => option_map (cons (minus f g)) (differences l' r')
  | _, _ => None
  end.

Section Check.
  Variable n : nat.
  Variable net : list layer.
  Variable claimed : claim.
  Variable whole : list nat.

  Definition inputs : list form := map (fun i => variable (input i)) (seq 0 n).

  (** Whether a form takes integer values only. *)
  Definition is_whole (f : form) : bool :=
    forallb (fun t => Pos.eqb (Qden (snd t)) 1 &&
      (Pos.eqb (fst t) 1 || existsb (fun i => Pos.eqb (input i) (fst t)) whole)) f.

  (** Whether constraints read the inputs only. *)
  Definition over_inputs (cs : list known) : bool :=
    forallb (fun c => forallb (fun t => Pos.ltb (fst t) (input n)) (fst c)) cs.

  (** Whether the claim holds of outputs [l]. *)
  Definition check_outputs (c : case) (M : atoms) (cs : list known) (x l : list form) : bool :=
    let next := advance (input n) (case_atoms c) in
    match claimed with
    | Equals other =>
      match lower_reference M cs x other (right_steps c) with
      | Some r =>
        match differences l r with
        | Some ds => finished (input n) (ending c) next M no_values cs ds
        | None => false
        end
      | None => false
      end
    | Within eps other =>
      match lower_reference M cs x other (right_steps c) with
      | Some r =>
        match apart (size eps) l r with Some vs => none_broken (input n) next M cs (ending c) vs | None => false end
      | None => false
      end
    | Holds condition =>
      match cases M cs (x ++ l) false condition (right_steps c) with
      | Some (vs, _) => none_broken (input n) next M cs (ending c) vs
      | None => false
      end
    end.

  Definition check_case (cs : list known) (c : case) : bool :=
    match (if over_inputs cs then equate (equalities c) cs else None) with
    | None => false
    | Some cs =>
      match solve cs (pivots c) inputs, enter (input n) (case_atoms c) no_atoms with
      | Some x, Some M =>
        let cs := charted (pivots c) cs in
        match lower_network M cs net x (left_steps c) with
        | Some l => check_outputs c M cs x l
        | None => false
        end
      | _, _ => false
      end
    end.

  Fixpoint check_cells (cs : list known) (p : cells) : bool :=
    match p with
    | Split f above rest =>
      check_cells (cs ++ [(f, Positive)]) above && check_cells (cs ++ [(scale (-1) f, Nonnegative)]) rest
    | Between f z below above =>
      is_whole f &&
      check_cells (cs ++ [(minus (constant (z # 1)) f, Nonnegative)]) below &&
      check_cells (cs ++ [(minus f (constant ((z + 1) # 1)), Nonnegative)]) above
    | Empty facts => positive_form no_atoms cs [] facts
    | Case c => check_case cs c
    end.

  Definition lower_relation (r : relation) : option known :=
    let side e := lower no_atoms [] inputs e [] in
    match r with
    | Leq a b => match side a, side b with Some (f, _), Some (g, _) => Some (minus g f, Nonnegative) | _, _ => None end
    | Less a b => match side a, side b with Some (f, _), Some (g, _) => Some (minus g f, Positive) | _, _ => None end
    | Equal a b => match side a, side b with Some (f, _), Some (g, _) => Some (minus g f, Zero) | _, _ => None end
    end.

  Fixpoint lower_relations (rs : list relation) : option (list known) :=
    match rs with
    | [] => Some []
    | r :: rs' =>
      match lower_relation r, lower_relations rs' with Some c, Some cs => Some (c :: cs) | _, _ => None end
    end.
End Check.

(** The checker: what is claimed of a network with [n] inputs holds on a domain. *)
Definition check (n : nat) (net : list layer) (claimed : claim) (d : domain) (p : cells) : bool :=
  match lower_relations n (relations d) with
  | Some cs => check_cells n net claimed (integers d) cs p
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

  (** * Coordinates *)

  Lemma set_zero_at v i f s cs : all_at K v cs -> nth_error cs i = Some (f, s) -> eval K v f = 0 ->
    all_at K v (set_zero i cs).
  Proof.
    intros C. revert i. induction C as [| [g t] cs H C IH]; intros [| i]; simpl; try discriminate.
    - intros [= -> ->] Z. constructor; trivial.
    - intros N Z. constructor; trivial. now apply IH.
  Qed.

  Lemma equate_sound v es cs cs' : unit_at K v -> all_at K v cs -> equate es cs = Some cs' -> all_at K v cs'.
  Proof.
    intros U. revert cs. induction es as [| [i facts] es IH]; simpl; intros cs C.
    - now intros [= <-].
    - destruct (nth_error cs i) as [[f s] |] eqn:N; try discriminate.
      destruct (nonnegative no_atoms cs (scale (-1) f) facts) eqn:B; try discriminate.
      apply (nonnegative_sound K L v U) in B; trivial; [| apply (no_atoms_at K)]. apply IH.
      apply (set_zero_at v i f s); trivial. rewrite (opposite K L) in B.
      apply (le_antisym K L); [now apply (le_sub K L) |].
      apply nth_error_In in N. unfold all_at in C. rewrite Forall_forall in C. apply C in N.
      now apply (true_nonnegative K L) in N.
  Qed.

  Lemma set_nth_at v i g x : eval K v (nth i x []) = eval K v g -> map (eval K v) (set_nth i g x) = map (eval K v) x.
  Proof.
    revert x. induction i as [| i IH]; intros [| h x]; simpl; trivial.
    - now intros <-.
    - intros H. f_equal. now apply IH.
  Qed.

  Lemma nth_map_eval v i x : eval K v (nth i x []) = nth i (map (eval K v) x) 0.
  Proof. change 0 with (eval K v []). now rewrite map_nth. Qed.

  Variable n : nat.

  Definition input_env (x : list K) : env K :=
    fun k => if Pos.eqb k 1 then 1 else nth (Pos.to_nat k - 2) x 0.

  Lemma input_env_unit x : unit_at K (input_env x).
  Proof. reflexivity. Qed.

  Lemma input_env_at x i : input_env x (input i) = nth i x 0.
  Proof.
    unfold input_env, input. destruct (Pos.eqb_spec (Pos.of_succ_nat (S i)) 1) as [E |].
    - apply (f_equal Pos.to_nat) in E. rewrite SuccNat2Pos.id_succ in E. simpl in E. lia.
    - rewrite SuccNat2Pos.id_succ. f_equal. lia.
  Qed.

  Lemma inputs_at x v : length x = n -> (forall i, (i < n)%nat -> v (input i) = nth i x 0) ->
    map (eval K v) (inputs n) = x.
  Proof.
    intros <- H. unfold inputs. rewrite map_map. revert H. generalize v. clear v.
    assert (G : forall l s v, (forall i, (i < length l)%nat -> v (input (s + i)) = nth i l 0) ->
      map (fun i => eval K v (variable (input i))) (seq s (length l)) = l).
    { induction l as [| a l IH]; intros s v H; trivial. cbn [length seq map]. f_equal.
      - rewrite (eval_variable K L). specialize (H O). simpl in H. rewrite Nat.add_0_r in H. apply H. lia.
      - apply IH. intros i Hi. specialize (H (S i)). simpl in H. rewrite Nat.add_succ_r in H. apply H. lia. }
    intros v H. apply (G x O v H).
  Qed.

  Lemma solve_sound v cs ps x x' : unit_at K v -> all_at K v cs ->
    (forall i, eval K v (nth i x []) = v (input i) \/ nth_error x i = None) ->
    solve cs ps x = Some x' -> map (eval K v) x' = map (eval K v) x /\ values_at K v (solved ps).
  Proof.
    intros U C. revert x. induction ps as [| [i [g [up down]]] ps IH]; cbn [solve]; intros x X.
    - intros [= <-]. split; trivial. apply (no_values_at K).
    - destruct (nonnegative no_atoms cs (minus g (variable (input i))) up &&
        nonnegative no_atoms cs (minus (variable (input i)) g) down) eqn:B; try discriminate.
      apply andb_true_iff in B as [B1 B2].
      apply (nonnegative_sound K L v U) in B1; trivial; [| apply (no_atoms_at K)].
      apply (nonnegative_sound K L v U) in B2; trivial; [| apply (no_atoms_at K)].
      rewrite (eval_minus K L), (eval_variable K L) in B1, B2.
      apply (le_sub K L) in B1. apply (le_sub K L) in B2.
      assert (E : v (input i) = eval K v g) by now apply (le_antisym K L).
      assert (S : map (eval K v) (set_nth i g x) = map (eval K v) x).
      { destruct (X i) as [Xi | Xi].
        - apply set_nth_at. now rewrite Xi.
        - clear - Xi. revert x Xi. induction i as [| i IH]; intros [| h x]; simpl; try discriminate; trivial.
          intros Xi. f_equal. auto. }
      intros H. apply IH in H as [H1 H2].
      { rewrite <- S. split; trivial. intros k f. unfold find; simpl. destruct (Pos.eq_dec k (input i)) as [-> | N].
        - rewrite PositiveMap.gss. now intros [= <-].
        - rewrite PositiveMap.gso by auto. apply H2. }
      intros j. destruct (X j) as [Xj | Xj].
      + left. now rewrite nth_map_eval, S, <- nth_map_eval.
      + right. apply nth_error_None in Xj. apply nth_error_None.
        rewrite <- (length_of_map (eval K v)), S, length_of_map. exact Xj.
  Qed.

  Lemma charted_at v ps cs : values_at K v (solved ps) -> all_at K v cs -> all_at K v (charted ps cs).
  Proof.
    intros V C. unfold charted. destruct ps; trivial. apply Forall_map. eapply Forall_impl; [| exact C].
    intros [f s]. unfold true_at; cbn [fst snd]. now rewrite (eval_replace K L v _ f V).
  Qed.

  Lemma differences_at v l r ds : differences l r = Some ds -> Forall (fun d => eval K v d = 0) ds ->
    map (eval K v) l = map (eval K v) r.
  Proof.
    revert r ds. induction l as [| f l IH]; intros [| g r] ds; simpl; try discriminate; trivial.
    destruct (differences l r) as [ds' |] eqn:D; simpl; try discriminate. intros [= <-] F. inversion F as [| ? ? H1 H2].
    subst. f_equal; [| now apply (IH r ds')]. rewrite (eval_minus K L) in H1.
    replace (eval K v f) with (eval K v f - eval K v g + eval K v g) by ring. rewrite H1. ring.
  Qed.

  Variable net : list layer.
  Variable claimed : claim.
  Variable whole : list nat.

  Variable x : list K.
  Hypothesis Len : length x = n.

  Definition agree : Prop := meets K x (run K net x) claimed.

  Lemma low i : (i < n)%nat -> (input i < input n)%positive.
  Proof. unfold input. lia. Qed.

  Lemma over_inputs_at v w cs : (forall j, (j < input n)%positive -> w j = v j) -> over_inputs n cs = true ->
    all_at K v cs -> all_at K w cs.
  Proof.
    unfold over_inputs. rewrite forallb_forall. intros E H C. unfold all_at in *. rewrite Forall_forall in *.
    intros [f s] Hc. specialize (C _ Hc). specialize (H _ Hc). rewrite forallb_forall in H.
    assert (Ev : eval K w f = eval K v f).
    { apply eval_ext. intros k c Hk. apply E. specialize (H _ Hk). now apply Pos.ltb_lt in H. }
    unfold true_at in *. simpl in *. now rewrite Ev.
  Qed.

  Lemma case_sound cs c : all_at K (input_env x) cs -> check_case n net claimed cs c = true -> agree.
  Proof.
    intros C. unfold check_case. destruct (over_inputs n cs) eqn:O; try discriminate.
    destruct (equate (equalities c) cs) as [cs' |] eqn:Q; try discriminate.
    destruct (solve cs' (pivots c) (inputs n)) as [xs |] eqn:S; try discriminate.
    destruct (enter (input n) (case_atoms c) no_atoms) as [M |] eqn:E; try discriminate.
    assert (N : (1 < input n)%positive) by (unfold input; lia).
    assert (N' := advance_above (case_atoms c) _ N).
    destruct (enter_sound K L _ _ _ _ (input_env x) N (input_env_unit x) (no_atoms_at K _) (no_atoms_ordered _) E)
      as (v & U & A & W & O').
    assert (Re : rebuilds K (input n) M).
    { apply (enter_rebuilds K L (input n) _ (case_atoms c) no_atoms M N (Pos.le_refl _) (no_atoms_ordered _)); trivial.
      apply no_atoms_rebuild. }
    pose proof (advance_least (case_atoms c) (input n)) as Least.
    assert (V : forall i, (i < n)%nat -> v (input i) = nth i x 0).
    { intros i Hi. rewrite W by now apply low. apply input_env_at. }
    apply (over_inputs_at _ v cs W O) in C. apply (equate_sound v _ _ _ U C) in Q. pose proof (inputs_at x v Len V) as X.
    apply (solve_sound v _ _ _ _ U Q) in S.
    2: { intros i. destruct (Nat.lt_ge_cases i n) as [Hi | Hi].
      - left. rewrite nth_map_eval, X. symmetry. now apply V.
      - right. apply nth_error_None. unfold inputs. now rewrite length_of_map, length_of_seq. }
    destruct S as [S P]. rewrite X in S. apply (charted_at v _ _ P) in Q. set (cs2 := charted (pivots c) cs') in *.
    destruct (lower_network M cs2 net xs (left_steps c)) as [l |] eqn:Left; try discriminate.
    apply (network_sound K L v U M A cs2 Q) in Left. rewrite S in Left.
    unfold check_outputs, agree, meets. rewrite <- Left. destruct claimed as [other | eps other | condition].
    - destruct (lower_reference M cs2 xs other (right_steps c)) as [r |] eqn:Right; try discriminate.
      destruct (differences l r) as [ds |] eqn:D; try discriminate. intros H.
      apply (finished_sound K L _ _ v _ M no_values cs2 ds U A O' N' Least Re (no_values_at K v) Q) in H.
      apply (reference_sound K L v U M A cs2 Q) in Right. rewrite S in Right. rewrite <- Right.
      now apply (differences_at v l r ds).
    - destruct (lower_reference M cs2 xs other (right_steps c)) as [r |] eqn:Right; try discriminate.
      destruct (apart (size eps) l r) as [vs |] eqn:D; try discriminate.
      intros H. apply (none_broken_sound K L _ v _ M cs2 _ vs U A O' N' Least Re Q) in H.
      apply (reference_sound K L v U M A cs2 Q) in Right. rewrite S in Right. rewrite <- Right.
      rewrite <- (size_number K L). now apply (apart_at K L v U (size eps) l r vs).
    - destruct (cases M cs2 (xs ++ l) false condition (right_steps c)) as [[vs rest] |] eqn:Right; try discriminate.
      intros H. apply (none_broken_sound K L _ v _ M cs2 _ vs U A O' N' Least Re Q) in H.
      apply not_false_iff_true. intros T. apply H. rewrite <- S, <- map_app in T.
      now apply (cases_sound K L v U M A cs2 Q (xs ++ l) condition false (right_steps c) vs rest Right).
  Qed.

  Definition whole_at : Prop := Forall (fun i => integral K (nth i x 0)) whole.

  Hypothesis W : whole_at.
  Local Notation v := (input_env x).

  Lemma whole_sound f : is_whole whole f = true -> exists z, eval K v f = int K z.
  Proof.
    induction f as [| [k c] f IH]; cbn [is_whole forallb eval].
    - intros _. now exists 0%Z.
    - change (forallb _ f) with (is_whole whole f). cbn [fst snd].
      rewrite !andb_true_iff, orb_true_iff. intros [[D H] F]. destruct (IH F) as [z Hz]. apply Pos.eqb_eq in D.
      destruct c as [a d]. simpl in D. subst d.
      assert (exists y, v k = int K y) as [y Hy].
      { destruct H as [H | H].
        - apply Pos.eqb_eq in H. subst. now exists 1%Z.
        - apply existsb_exists in H as (i & Hi & H). apply Pos.eqb_eq in H. subst. rewrite input_env_at.
          unfold whole_at in W. rewrite Forall_forall in W. destruct (W i Hi) as [y Hy]. exists y.
          now apply (eqn_eq K L). }
      exists (a * y + z)%Z. rewrite Hy, Hz, <- !(rat_int K L), <- (rat_mul K L), <- (rat_add K L).
      apply (rat_eq K L). unfold Qeq, Qplus, Qmult; simpl. now rewrite !Z.mul_1_r.
  Qed.

  Lemma int_le a b : (a <= b)%Z -> int K a <= int K b.
  Proof. intros H. rewrite <- !(rat_int K L). apply (rat_le K L). unfold Qle; simpl. lia. Qed.

  Lemma snoc_at cs c : all_at K v cs -> true_at K v c -> all_at K v (cs ++ [c]).
  Proof. intros H1 H2. apply Forall_app. split; trivial. now constructor. Qed.

  Lemma cells_sound p : forall cs, all_at K v cs -> check_cells n net claimed whole cs p = true -> agree.
  Proof.
    pose proof (input_env_unit x) as U.
    induction p as [f above IHa rest IHr | f z below IHb above IHa | facts | c]; cbn [check_cells]; intros cs C H.
    - apply andb_true_iff in H as [H1 H2]. destruct (le_or_lt K L (eval K v f) 0) as [P | P].
      + refine (IHr _ (snoc_at _ (scale (-1) f, Nonnegative) C _) H2). unfold true_at; cbn [fst snd].
        rewrite (opposite K L). now apply (sub_le K L).
      + exact (IHa _ (snoc_at _ (f, Positive) C P) H1).
    - rewrite !andb_true_iff in H. destruct H as [[H1 H2] H3]. destruct (whole_sound f H1) as [y Hy].
      destruct (Z.le_gt_cases y z) as [P | P].
      + refine (IHb _ (snoc_at _ (minus (constant (z # 1)) f, Nonnegative) C _) H2).
        unfold true_at; cbn [fst snd]. rewrite (eval_minus K L), (eval_constant K L), (rat_int K L), Hy by trivial.
        apply (sub_le K L). now apply int_le.
      + refine (IHa _ (snoc_at _ (minus f (constant ((z + 1) # 1)), Nonnegative) C _) H3).
        unfold true_at; cbn [fst snd]. rewrite (eval_minus K L), (eval_constant K L), (rat_int K L), Hy by trivial.
        apply (sub_le K L). apply int_le. lia.
    - exfalso. apply (empty_sound K L v U no_atoms cs facts); trivial. apply (no_atoms_at K).
    - now apply (case_sound cs c).
  Qed.

  Lemma relations_at rs cs : Forall (holds K x) rs -> lower_relations n rs = Some cs -> all_at K v cs.
  Proof.
    pose proof (inputs_at x v Len (fun i _ => input_env_at x i)) as X.
    assert (S : forall e f rest, lower no_atoms [] (inputs n) e [] = Some (f, rest) -> eval K v f = value K x e).
    { intros e f rest H. apply (lower_sound K L v (input_env_unit x) no_atoms (no_atoms_at K v) []) in H.
      - now rewrite X in H.
      - constructor. }
    intros H. revert cs. induction H as [| r rs Hr _ IH]; cbn [lower_relations]; intros cs.
    - intros [= <-]. constructor.
    - destruct (lower_relation n r) as [c |] eqn:R; try discriminate.
      destruct (lower_relations n rs) as [cs' |]; try discriminate. intros [= <-]. constructor; [| now apply IH].
      unfold lower_relation in R.
      destruct r as [a b | a b | a b];
        destruct (lower no_atoms [] (inputs n) a []) as [[f q] |] eqn:Ea; try discriminate;
        destruct (lower no_atoms [] (inputs n) b []) as [[g p] |] eqn:Eb; try discriminate;
        injection R as <-; apply S in Ea; apply S in Eb; unfold true_at; cbn [fst snd];
        rewrite (eval_minus K L), Ea, Eb; simpl in Hr.
      + now apply (sub_le K L).
      + now apply (sub_lt K L).
      + apply (eqn_eq K L) in Hr. rewrite Hr. ring.
  Qed.
End Sound.

(** The checker is right, over any numbers. *)
Theorem check_sound (K : numbers) (L : laws K) n net claimed d p :
  check n net claimed d p = true ->
  forall x, length x = n -> inside K d x -> meets K x (run K net x) claimed.
Proof.
  unfold check. intros H x Len [D I]. destruct (lower_relations n (relations d)) as [cs |] eqn:R; try discriminate.
  apply (cells_sound K L n net claimed (integers d) x Len I p cs); trivial.
  now apply (relations_at K L n x Len (relations d)).
Qed.
