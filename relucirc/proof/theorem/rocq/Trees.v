(** Trees of regions: differences vanish everywhere, because they do so on each part of a cell.

    A cut at a hinge makes two closed parts that cover the region.  Where facts show the hinge's form to have one sign,
    there is one part. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive.
From Relucirc Require Import Statement Laws Forms Evidence Steps.
Import ListNotations.

Inductive tree :=
| Leaf (signs : list (positive * (bool * list fact)))
| Cut (k : positive) (above below : tree)
| Above (k : positive) (facts : list fact) (t : tree)
| Below (k : positive) (facts : list fact) (t : tree).

Section Check.
  Variable M : atoms.

  (** The form of a hinge, the values of others put in. *)
  Definition ground (values : table form) (k : positive) : option form :=
    match find k M with Some [l] => Some (replace_by values l) | _ => None end.

  Definition give (k : positive) (on : bool) (g : form) (values : table form) : table form :=
    PositiveMap.add k (if on then g else []) values.

  Fixpoint with_signs (cs : list known) (values : table form) (signs : list (positive * (bool * list fact)))
    (found : table form) : option (table form) :=
    match signs with
    | [] => Some found
    | (k, (on, facts)) :: rest =>
      match ground values k with
      | Some g =>
        if nonnegative M cs (if on then g else scale (-1) g) facts
        then with_signs cs values rest (give k on g found) else None
      | None => None
      end
    end.

  Fixpoint leading (f : form) : Q :=
    match f with [] => 0%Q | (k, c) :: f' => if Pos.eqb k 1 then leading f' else c end.

  Fixpoint add_kink (line : form) (w : Q) (kinks : list (form * Q)) : list (form * Q) :=
    match kinks with
    | [] => [(line, w)]
    | (l, u) :: rest => if same l line then (l, qadd u w) :: rest else (l, u) :: add_kink line w rest
    end.

  (** Splits a form into an affine part and kinks: [w] times the positive part of a line, whose first coefficient is 1.
      [relu(-l) = relu(l) - l] *)
  Fixpoint spread (values : table form) (f acc : form) (kinks : list (form * Q)) : option (form * list (form * Q)) :=
    match f with
    | [] => Some (acc, kinks)
    | (k, c) :: f' =>
      match find k M with
      | None => spread values f' (axpy c (variable k) acc) kinks
      | Some [l] =>
        let g := replace_by values l in
        match fixed g with
        | Some q => spread values f' (if Qle_bool 0 q then axpy c g acc else acc) kinks
        | None =>
          let a := leading g in
          if is_zero a then None
          else
            let line := scale (Qred (/ a)) g in
            if Qle_bool 0 a then spread values f' acc (add_kink line (qmul c a) kinks)
            else spread values f' (axpy c g acc) (add_kink line (qmul c (qmul (-1) a)) kinks)
        end
      | _ => None
      end
    end.

  Definition vanishes (values : table form) (d : form) : bool :=
    match spread values (replace_by values d) [] [] with
    | Some ([], kinks) => forallb (fun e => is_zero (snd e)) kinks
    | _ => false
    end.

  Variable differences : list form.

  Fixpoint check_tree (t : tree) (cs : list known) (values : table form) : bool :=
    match t with
    | Leaf signs =>
      match with_signs cs values signs values with
      | Some found => forallb (vanishes found) differences
      | None => false
      end
    | Cut k above below =>
      match ground values k with
      | Some g =>
        check_tree above (cs ++ [(g, Nonnegative)]) (give k true g values) &&
        check_tree below (cs ++ [(scale (-1) g, Nonnegative)]) (give k false g values)
      | None => false
      end
    | Above k facts t =>
      match ground values k with
      | Some g =>
        nonnegative M cs g facts && check_tree t (cs ++ [(g, Nonnegative)]) (give k true g values)
      | None => false
      end
    | Below k facts t =>
      match ground values k with
      | Some g =>
        nonnegative M cs (scale (-1) g) facts &&
        check_tree t (cs ++ [(scale (-1) g, Nonnegative)]) (give k false g values)
      | None => false
      end
    end.
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

  Variable v : env K.
  Hypothesis U : unit_at K v.
  Variable M : atoms.
  Hypothesis A : atoms_at K v M.

  Local Notation ev := (eval K v).

  Definition values_at (values : table form) : Prop := forall k g, find k values = Some g -> ev g = v k.

  Lemma hinge_at k l : find k M = Some [l] -> v k = max K 0 (ev l).
  Proof. intros H. apply (A k) in H. apply (is_max_unique K L _ _ _ H). apply (is_max_two K L). Qed.

  Lemma ground_at values k g : values_at values -> ground M values k = Some g -> v k = max K 0 (ev g).
  Proof.
    unfold ground. intros V. destruct (find k M) as [[| l []] |] eqn:E; try discriminate. intros [= <-].
    rewrite (eval_replace K L v values l V). now apply hinge_at.
  Qed.

  Lemma opposite g : ev (scale (-1) g) = 0 - ev g.
  Proof. rewrite (eval_scale K L), (rat_minus_one K L). ring. Qed.

  Lemma on_at values k g : values_at values -> ground M values k = Some g -> 0 <= ev g -> ev g = v k.
  Proof. intros V G H. rewrite (ground_at _ _ _ V G). symmetry. now apply (max_r K L). Qed.

  Lemma off_at values k g : values_at values -> ground M values k = Some g -> 0 <= ev (scale (-1) g) -> v k = 0.
  Proof.
    intros V G H. rewrite (ground_at _ _ _ V G). apply (max_l K L). rewrite opposite in H. now apply (le_sub K L).
  Qed.

  Lemma give_at values k (on : bool) g : values_at values -> (if on then ev g else 0) = v k ->
    values_at (give k on g values).
  Proof.
    intros V H j f. unfold give, find. destruct (Pos.eq_dec j k) as [-> | N].
    - rewrite PositiveMap.gss. intros [= <-]. rewrite <- H. now destruct on.
    - rewrite PositiveMap.gso by auto. apply V.
  Qed.

  Lemma signs_at cs values signs found result : all_at K v cs -> values_at values -> values_at found ->
    with_signs M cs values signs found = Some result -> values_at result.
  Proof.
    intros C V. revert found. induction signs as [| [k [on facts]] signs IH]; simpl; intros found F.
    - now intros [= <-].
    - destruct (ground M values k) as [g |] eqn:G; try discriminate.
      destruct (nonnegative M cs (if on then g else scale (-1) g) facts) eqn:N; try discriminate.
      apply (nonnegative_sound K L v U) in N; trivial. apply IH, give_at; trivial.
      destruct on; [now apply (on_at values k) | symmetry; now apply (off_at values k g)].
  Qed.

  (** * Kinks *)

  Fixpoint kinks_at (kinks : list (form * Q)) : K :=
    match kinks with [] => 0 | (l, w) :: rest => rat K w * max K 0 (ev l) + kinks_at rest end.

  Lemma add_kink_at line w kinks : kinks_at (add_kink line w kinks) = rat K w * max K 0 (ev line) + kinks_at kinks.
  Proof.
    induction kinks as [| [l u] kinks IH]; simpl; trivial. destruct (same l line) eqn:S; simpl.
    - apply (eval_same K L v) in S. rewrite S, (rat_qadd K L). ring.
    - rewrite IH. ring.
  Qed.

  Lemma relu_scale a y : (0 <= a)%Q -> max K 0 (rat K a * y) = rat K a * max K 0 y.
  Proof.
    intros H. destruct (le_total K L 0 y) as [P | P].
    - rewrite !(max_r K L); trivial. now apply (le_scale K L).
    - rewrite !(max_l K L); trivial; [ring |]. apply (le_sub K L).
      replace (0 - rat K a * y) with (rat K a * (0 - y)) by ring. apply (le_scale K L); trivial.
      now apply (sub_le K L).
  Qed.

  Lemma relu_opposite y : max K 0 (0 - y) = max K 0 y - y.
  Proof.
    destruct (le_total K L 0 y) as [P | P].
    - rewrite (max_l K L 0 (0 - y)), (max_r K L 0 y); trivial; [ring |]. apply (le_sub K L).
      now replace (0 - (0 - y)) with y by ring.
    - rewrite (max_r K L 0 (0 - y)), (max_l K L 0 y); trivial. now apply (sub_le K L).
  Qed.

  Lemma line_at a g : is_zero a = false -> ev g = rat K a * ev (scale (Qred (/ a)) g).
  Proof.
    intros Z. rewrite (eval_scale K L). replace (rat K a * (rat K (Qred (/ a)) * ev g))
      with ((rat K a * rat K (Qred (/ a))) * ev g) by ring.
    rewrite <- (rat_mul K L), (rat_eq K L _ 1).
    - rewrite (rat_1 K L). ring.
    - rewrite Qred_correct. apply Qmult_inv_r. intros E. destruct a as [[] d]; discriminate.
  Qed.

  Lemma spread_at values f acc kinks acc' kinks' : values_at values ->
    spread M values f acc kinks = Some (acc', kinks') ->
    ev f + ev acc + kinks_at kinks = ev acc' + kinks_at kinks'.
  Proof.
    intros V. revert acc kinks. induction f as [| [k c] f IH]; cbn [spread eval]; intros acc kinks.
    - intros [= <- <-]. ring.
    - destruct (find k M) as [[| l []] |] eqn:E; try discriminate.
      + pose proof (hinge_at _ _ E) as H. rewrite <- (eval_replace K L v values l V) in H.
        set (g := replace_by values l) in *. destruct (fixed g) as [q |] eqn:F.
        * intros S. apply IH in S. rewrite <- S. apply (eval_fixed K L v) in F; trivial. rewrite H.
          destruct (Qle_bool 0 q) eqn:P.
          -- rewrite (eval_axpy K L), (max_r K L); [ring |]. rewrite F. apply (rat_pos K L). now apply Qle_bool_iff.
          -- rewrite (max_l K L); [ring |]. rewrite F, <- (rat_0 K L). apply (rat_le K L). apply Qlt_le_weak, Qnot_le_lt.
             intros N. apply Qle_bool_iff in N. congruence.
        * destruct (is_zero (leading g)) eqn:Z; try discriminate. pose proof (line_at _ g Z) as G.
          set (a := leading g) in *. set (line := scale (Qred (/ a)) g) in *.
          destruct (Qle_bool 0 a) eqn:P; intros S; apply IH in S; rewrite <- S, add_kink_at, !(rat_qmul K L), H.
          -- apply Qle_bool_iff in P. rewrite G, relu_scale; trivial. ring.
          -- assert (N : (0 <= - a)%Q).
             { apply (Qopp_le_compat a 0). apply Qlt_le_weak, Qnot_le_lt. intros N. apply Qle_bool_iff in N. congruence. }
             rewrite (eval_axpy K L), (rat_minus_one K L).
             assert (G' : ev g = 0 - rat K (- a) * ev line) by (rewrite G, (rat_opp K L); ring).
             assert (G2 : max K 0 (ev g) = rat K (- a) * max K 0 (ev line) + ev g).
             { rewrite G'. rewrite relu_opposite, relu_scale; trivial. ring. }
             rewrite G2, (rat_opp K L). ring.
      + intros S. apply IH in S. rewrite <- S, (eval_axpy K L), (eval_variable K L). ring.
  Qed.

  Lemma vanishes_at values d : values_at values -> vanishes M values d = true -> ev d = 0.
  Proof.
    intros V. unfold vanishes. destruct (spread M values (replace_by values d) [] []) as [[[| t acc] kinks] |] eqn:S;
      try discriminate. intros H. apply (spread_at values _ _ _ _ _ V) in S.
    rewrite (eval_replace K L v values d V) in S. simpl in S.
    assert (Z : kinks_at kinks = 0).
    { clear S. induction kinks as [| [l w] kinks IH]; simpl in *; trivial. apply andb_true_iff in H as [H1 H2].
      apply (rat_zero K L) in H1. rewrite H1, IH; trivial. ring. }
    rewrite Z in S. replace (ev d) with (ev d + 0 + 0) by ring. rewrite S. ring.
  Qed.

  Variable differences : list form.

  Lemma tree_sound t cs values : all_at K v cs -> values_at values -> check_tree M differences t cs values = true ->
    Forall (fun d => ev d = 0) differences.
  Proof.
    revert cs values. induction t as [signs | k above IHa below IHb | k facts t IH | k facts t IH]; simpl;
      intros cs values C V H.
    - destruct (with_signs M cs values signs values) as [found |] eqn:S; try discriminate.
      apply (signs_at cs values signs values found C V V) in S. rewrite forallb_forall in H.
      apply Forall_forall. intros d Hd. now apply (vanishes_at found), H.
    - destruct (ground M values k) as [g |] eqn:G; try discriminate. apply andb_true_iff in H as [H1 H2].
      destruct (le_total K L 0 (ev g)) as [P | P].
      + apply (IHa _ _) in H1; trivial.
        * apply Forall_app. split; trivial. constructor; [exact P | constructor].
        * apply give_at; trivial. now apply (on_at values).
      + assert (P' : 0 <= ev (scale (-1) g)) by (rewrite opposite; now apply (sub_le K L)).
        apply (IHb _ _) in H2; trivial.
        * apply Forall_app. split; trivial. constructor; [exact P' | constructor].
        * apply give_at; trivial. symmetry. now apply (off_at values k g).
    - destruct (ground M values k) as [g |] eqn:G; try discriminate. apply andb_true_iff in H as [H1 H2].
      apply (nonnegative_sound K L v U) in H1; trivial. apply IH in H2; trivial.
      + apply Forall_app. split; trivial. constructor; [exact H1 | constructor].
      + apply give_at; trivial. now apply (on_at values).
    - destruct (ground M values k) as [g |] eqn:G; try discriminate. apply andb_true_iff in H as [H1 H2].
      apply (nonnegative_sound K L v U) in H1; trivial. apply IH in H2; trivial.
      + apply Forall_app. split; trivial. constructor; [exact H1 | constructor].
      + apply give_at; trivial. symmetry. now apply (off_at values k g).
  Qed.
End Sound.
