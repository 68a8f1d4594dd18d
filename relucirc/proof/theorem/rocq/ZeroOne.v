(** The 0-1 principle: a sum of minima and maxima of base forms that vanishes on 0-1 vectors vanishes everywhere.

    A threshold [t] turns values into truth values, [t <= y]; minima become "and", maxima "or".  So at every threshold
    the weights of the wires that reach it add up to 0, and then so do the weighted values. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive Lia.
From Relucirc Require Import Statement Laws Forms Evidence Steps Trees.
Import ListNotations.

(** Comparators, each adding the minimum and the maximum of two wires to the list. *)
Fixpoint circuit {T} (low high : T -> T -> T) (none : T) (gates : list (nat * nat)) (l : list T) : list T :=
  match gates with
  | [] => l
  | (i, j) :: gates' =>
    let a := nth i l none in
    let b := nth j l none in
    circuit low high none gates' (l ++ [low a b; high a b])
  end.

Fixpoint in_range (gates : list (nat * nat)) (n : nat) : bool :=
  match gates with
  | [] => true
  | (i, j) :: gates' => Nat.ltb i n && Nat.ltb j n && in_range gates' (n + 2)
  end.

(** The wires as forms: atom [k] is the positive part of [a - b]. *)
Fixpoint wires (M : atoms) (gates : list (positive * (nat * nat))) (l : list form) : option (list form) :=
  match gates with
  | [] => Some l
  | (k, (i, j)) :: gates' =>
    let a := nth i l [] in
    let b := nth j l [] in
    match find k M with
    | Some [e] =>
      if same e (minus a b) then wires M gates' (l ++ [minus a (variable k); plus b (variable k)]) else None
    | _ => None
    end
  end.

Definition weighted (ws : list form) (row : list (nat * Q)) : form :=
  fold_right (fun e total => axpy (snd e) (nth (fst e) ws []) total) [] row.

Definition at_bits (bits : list bool) (row : list (nat * Q)) : Q :=
  fold_right (fun e total => if nth (fst e) bits false then qadd (snd e) total else total) 0%Q row.

(** Whether something holds for all lists of truth values. *)
Fixpoint cube (m : nat) (f : list bool -> bool) : bool :=
  match m with
  | O => f []
  | S m' => cube m' (fun b => f (true :: b)) && cube m' (fun b => f (false :: b))
  end.

Fixpoint rows_fit (ws : list form) (ds : list form) (rows : list (list (nat * Q))) : bool :=
  match ds, rows with
  | [], [] => true
  | d :: ds', row :: rows' =>
    forallb (fun e => Nat.ltb (fst e) (length ws)) row && same d (weighted ws row) && rows_fit ws ds' rows'
  | _, _ => false
  end.

Definition check_zero_one (M : atoms) (ds base : list form) (gates : list (positive * (nat * nat)))
  (rows : list (list (nat * Q))) : bool :=
  let plain := map snd gates in
  match wires M gates base with
  | Some ws =>
    rows_fit ws ds rows && in_range plain (length base) &&
    cube (length base) (fun b =>
      let bits := circuit andb orb false plain b in forallb (fun row => is_zero (at_bits bits row)) rows)
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

  (** * Weights at every level *)

  Definition total (l : list (Q * K)) : K := fold_right (fun e s => rat K (fst e) * snd e + s) 0 l.
  Definition weight (l : list (Q * K)) : K := fold_right (fun e s => rat K (fst e) + s) 0 l.
  Definition level (t : K) (l : list (Q * K)) : K := weight (filter (fun e => leb K t (snd e)) l).

  Lemma total_filter f l : total l = total (filter f l) + total (filter (fun e => negb (f e)) l).
  Proof.
    induction l as [| e l IH]; simpl; [ring |]. rewrite IH. destruct (f e); simpl; ring.
  Qed.

  Lemma weight_filter f l : weight l = weight (filter f l) + weight (filter (fun e => negb (f e)) l).
  Proof.
    induction l as [| e l IH]; simpl; [ring |]. rewrite IH. destruct (f e); simpl; ring.
  Qed.

  Lemma filter_comm {T} (f g : T -> bool) l : filter f (filter g l) = filter g (filter f l).
  Proof.
    induction l as [| e l IH]; simpl; trivial. destruct (g e) eqn:G, (f e) eqn:F; simpl; rewrite ?G, ?F, IH; trivial.
  Qed.

  Lemma total_constant m l : (forall e, In e l -> snd e = m) -> total l = weight l * m.
  Proof.
    induction l as [| e l IH]; simpl; intros H; [ring |]. rewrite (H e), IH by auto. ring.
  Qed.

  Lemma filter_all {T} (f : T -> bool) l : (forall e, In e l -> f e = true) -> filter f l = l.
  Proof. induction l as [| e l IH]; simpl; intros H; trivial. rewrite (H e), IH; auto. Qed.

  Lemma filter_none {T} (f : T -> bool) l : (forall e, In e l -> f e = false) -> filter f l = [].
  Proof. induction l as [| e l IH]; simpl; intros H; trivial. rewrite (H e), IH; auto. Qed.

  Lemma filter_shorter {T} (f : T -> bool) l e : In e l -> f e = false -> (length (filter f l) < length l)%nat.
  Proof.
    induction l as [| a l IH]; simpl; intros I F; [destruct I |].
    assert (B : (length (filter f l) <= length l)%nat).
    { clear. induction l as [| a l IH]; simpl; trivial. destruct (f a); simpl; lia. }
    destruct I as [-> | I]; [rewrite F; lia |]. specialize (IH I F). destruct (f a); simpl; lia.
  Qed.

  Lemma levels l : (forall t, level t l = 0) -> total l = 0.
  Proof.
    assert (G : forall n l, (length l <= n)%nat -> (forall t, level t l = 0) -> total l = 0).
    { clear l. induction n as [| n IH]; intros [| a l] Len H; simpl in Len; trivial; try lia.
      set (l' := a :: l) in *.
      destruct (is_max_exists K L (snd a) (map snd l)) as [m [Hi Hm]].
      change (snd a :: map snd l) with (map snd l') in *.
      set (f := fun e : Q * K => leb K m (snd e)).
      assert (Top : forall e, In e (filter f l') -> snd e = m).
      { intros e He. apply filter_In in He as [He Hf]. apply (leb_le K L) in Hf.
        apply (le_antisym K L); trivial. apply Hm. now apply in_map. }
      assert (W : weight (filter f l') = 0) by apply (H m).
      rewrite (total_filter f l'), (total_constant m _ Top), W. rewrite IH; [ring | |].
      - apply in_map_iff in Hi as (e & Ee & He).
        assert (F : negb (f e) = false).
        { apply negb_false_iff, (leb_le K L). rewrite Ee. apply (le_refl K L). }
        pose proof (filter_shorter (fun e => negb (f e)) l' e He F). unfold l' in *. simpl length in *. lia.
      - intros t. unfold level. destruct (leb K t m) eqn:T.
        + apply (leb_le K L) in T. specialize (H t). unfold level in H.
          rewrite (weight_filter f) in H. rewrite filter_comm in H.
          rewrite (filter_all (fun e => leb K t (snd e)) (filter f l')) in H.
          2: { intros e He. rewrite (Top e He). now apply (leb_le K L). }
          rewrite W, filter_comm in H. replace (weight _) with (0 + weight (filter (fun e => leb K t (snd e))
            (filter (fun e => negb (f e)) l'))) by ring. exact H.
        + rewrite filter_none; trivial. intros e He. apply filter_In in He as [He _].
          destruct (leb K t (snd e)) eqn:B; trivial. apply (leb_le K L) in B.
          assert (N : t <= m) by (apply (le_trans K L _ (snd e)); trivial; apply Hm; now apply in_map).
          apply (leb_le K L) in N. congruence. }
    intros H. now apply (G (length l) l).
  Qed.

  (** * Thresholds *)

  Lemma threshold_min t a b : leb K t (min K a b) = leb K t a && leb K t b.
  Proof.
    apply eq_true_iff_eq. rewrite andb_true_iff, !(leb_le K L).
    destruct (le_total K L a b) as [H | H]; [rewrite (min_l K L) | rewrite (min_r K L)]; trivial; split; try tauto;
      intros; split; trivial; eapply (le_trans K L); eauto.
  Qed.

  Lemma threshold_max t a b : leb K t (max K a b) = leb K t a || leb K t b.
  Proof.
    apply eq_true_iff_eq. rewrite orb_true_iff, !(leb_le K L).
    destruct (le_total K L a b) as [H | H]; [rewrite (max_r K L) | rewrite (max_l K L)]; trivial; split; try tauto;
      intros [|]; trivial; eapply (le_trans K L); eauto.
  Qed.

  Lemma nth_threshold t i (l : list K) : (i < length l)%nat -> nth i (map (leb K t) l) false = leb K t (nth i l 0).
  Proof. intros H. rewrite (nth_indep _ false (leb K t 0)) by now rewrite length_of_map. apply map_nth. Qed.

  Lemma circuit_threshold t gates l : in_range gates (length l) = true ->
    circuit andb orb false gates (map (leb K t) l) = map (leb K t) (circuit (min K) (max K) 0 gates l).
  Proof.
    revert l. induction gates as [| [i j] gates IH]; simpl; intros l H; trivial.
    rewrite !andb_true_iff, !Nat.ltb_lt in H. destruct H as [[Hi Hj] H].
    rewrite <- IH by now rewrite length_of_app. f_equal.
    rewrite map_app. simpl. now rewrite !nth_threshold, threshold_min, threshold_max.
  Qed.

  Lemma cube_all m f : cube m f = true -> forall b, length b = m -> f b = true.
  Proof.
    revert f. induction m as [| m IH]; simpl; intros f H [| x b] Len; try discriminate; trivial.
    apply andb_true_iff in H as [H1 H2]. injection Len as Len.
    destruct x; [apply (IH _ H1 b Len) | apply (IH _ H2 b Len)].
  Qed.

  (** * Forms *)

  Variable v : env K.
  Variable M : atoms.
  Hypothesis A : atoms_at K v M.

  Local Notation ev := (eval K v).

  Lemma low_of_relu a b : a - max K 0 (a - b) = min K a b.
  Proof.
    destruct (le_total K L a b) as [H | H].
    - rewrite (min_l K L), (max_l K L); trivial; [ring |]. apply (le_sub K L).
      replace (0 - (a - b)) with (b - a) by ring. now apply (sub_le K L).
    - rewrite (min_r K L), (max_r K L); trivial; [ring |]. now apply (sub_le K L).
  Qed.

  Lemma high_of_relu a b : b + max K 0 (a - b) = max K a b.
  Proof.
    destruct (le_total K L a b) as [H | H].
    - rewrite (max_r K L a b), (max_l K L); trivial; [ring |]. apply (le_sub K L).
      replace (0 - (a - b)) with (b - a) by ring. now apply (sub_le K L).
    - rewrite (max_l K L a b), (max_r K L); trivial; [ring |]. now apply (sub_le K L).
  Qed.

  Lemma nth_form i (l : list form) : ev (nth i l []) = nth i (map ev l) 0.
  Proof. change 0 with (ev []). now rewrite map_nth. Qed.

  Lemma wires_at gates l l' : wires M gates l = Some l' ->
    map ev l' = circuit (min K) (max K) 0 (map snd gates) (map ev l).
  Proof.
    revert l. induction gates as [| [k [i j]] gates IH]; cbn [wires]; intros l.
    - now intros [= <-].
    - destruct (find k M) as [[| e []] |] eqn:F; try discriminate.
      destruct (same e (minus (nth i l []) (nth j l []))) eqn:S; try discriminate.
      intros H. apply IH in H. rewrite H. simpl. f_equal. rewrite map_app. f_equal. simpl.
      apply (eval_same K L v) in S. pose proof (hinge_at K L v M A k e F) as E.
      rewrite S, (eval_minus K L) in E.
      rewrite (eval_minus K L), (eval_plus K L), !(eval_variable K L), E, low_of_relu, high_of_relu, !nth_form.
      reflexivity.
  Qed.

  Lemma weighted_at ws row : ev (weighted ws row) = total (map (fun e => (snd e, nth (fst e) (map ev ws) 0)) row).
  Proof.
    induction row as [| [i q] row IH]; simpl; trivial. rewrite (eval_axpy K L), IH, nth_form. reflexivity.
  Qed.

  Lemma bits_at t (ws : list form) row : forallb (fun e => Nat.ltb (fst e) (length ws)) row = true ->
    rat K (at_bits (map (leb K t) (map ev ws)) row) =
    level t (map (fun e => (snd e, nth (fst e) (map ev ws) 0)) row).
  Proof.
    unfold level. induction row as [| [i q] row IH]; simpl; intros H; [apply (rat_0 K L) |].
    apply andb_true_iff in H as [H1 H2]. apply Nat.ltb_lt in H1.
    rewrite nth_threshold by now rewrite length_of_map.
    destruct (leb K t (nth i (map ev ws) 0)); simpl; rewrite ?(rat_qadd K L), IH; trivial.
  Qed.

  Lemma zero_one_sound ds base gates rows : check_zero_one M ds base gates rows = true ->
    Forall (fun d => ev d = 0) ds.
  Proof.
    unfold check_zero_one. destruct (wires M gates base) as [ws |] eqn:W; try discriminate.
    rewrite !andb_true_iff. intros [[Fit Range] Cube]. apply wires_at in W.
    assert (All : forall t, Forall (fun row => is_zero (at_bits (map (leb K t) (map ev ws)) row) = true) rows).
    { intros t. apply Forall_forall, forallb_forall. rewrite W, <- circuit_threshold by now rewrite length_of_map.
      apply (cube_all _ _ Cube). now rewrite !length_of_map. }
    clear - L Fit All. revert rows Fit All. induction ds as [| d ds IH]; intros [| row rows]; cbn [rows_fit];
      try discriminate; intros Fit All; constructor.
    - rewrite !andb_true_iff in Fit. destruct Fit as [[In S] _]. apply (eval_same K L v) in S.
      rewrite S, weighted_at. apply levels. intros t. rewrite <- bits_at by trivial.
      specialize (All t). inversion All as [| ? ? Z _]. now apply (rat_zero K L).
    - rewrite !andb_true_iff in Fit. destruct Fit as [_ Fit]. apply (IH rows Fit).
      intros t. specialize (All t). now inversion All.
  Qed.
End Sound.
