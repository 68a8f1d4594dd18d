(** Symmetry: where exchanges of inputs leave the differences as they are, the inputs may be supposed to be in order. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive Permutation Lia.
From Relucirc Require Import Statement Laws Forms Evidence Steps.
Import ListNotations.

(** What the hinges are after an exchange of two inputs, one after another, each as the step of its maximum with 0. *)
Definition exchange := list (positive * step).

Section Check.
  Variable base : positive.
  Variable M : atoms.

  (** Whether a form reads only what it is known of what it becomes: inputs, and atoms that have been moved. *)
  Definition is_moved (T : table form) (f : form) : bool :=
    forallb (fun t => Pos.ltb (fst t) base || match find (fst t) T with Some _ => true | None => false end) f.

  Fixpoint moving (l : exchange) (T : table form) : option (table form) :=
    match l with
    | [] => Some T
    | (k, s) :: l' =>
      match find k M with
      | Some [e] =>
        if is_moved T e then
          match maximum M [] [] (replace_by T e) s with
          | Some g => moving l' (PositiveMap.add k g T)
          | None => None
          end
        else None
      | _ => None
      end
    end.

  Definition swapping (i j : positive) : table form :=
    PositiveMap.add i (variable j) (PositiveMap.add j (variable i) (PositiveMap.empty _)).

  (** Whether the exchange of [i] and [j] leaves the differences as they are. *)
  Definition exchanged (ds : list form) (i j : positive) (l : exchange) : bool :=
    match moving l (swapping i j) with
    | Some T => forallb (fun d => is_moved T d && same (replace_by T d) d) ds
    | None => false
    end.

  Definition is_input (i : positive) : bool := Pos.ltb 1 i && Pos.ltb i base.

  (** Whether each of some inputs may be exchanged with the one before it. *)
  Fixpoint chained (ds : list form) (i : positive) (links : list (positive * exchange)) : bool :=
    match links with
    | [] => is_input i
    | (j, l) :: links' =>
      is_input i && negb (existsb (fun e => Pos.eqb i (fst e)) links) && exchanged ds i j l && chained ds j links'
    end.

  (** What is known of inputs outside of the chain stays; no other constraint is. *)
  Definition stays (chain : list positive) (c : known) : bool :=
    forallb (fun t => Pos.ltb (fst t) base && negb (existsb (Pos.eqb (fst t)) chain)) (fst c).

  Definition kept (chain : list positive) (cs : list known) : list known :=
    map (fun c => if stays chain c then c else ([], Nonnegative)) cs.

  (** Each is at least as large as the next. *)
  Fixpoint order (i : positive) (chain : list positive) : list known :=
    match chain with
    | [] => []
    | j :: chain' => (minus (variable i) (variable j), Nonnegative) :: order j chain'
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

  Variable base : positive.
  Variable M : atoms.

  (** Any values of the inputs have values of the atoms. *)
  Definition rebuilds : Prop := forall u, unit_at K u ->
    exists w, unit_at K w /\ atoms_at K w M /\ forall j, (j < base)%positive -> w j = u j.

  (** * One exchange *)

  Section Exchange.
    Variables v w : env K.
    Hypothesis U : unit_at K v.
    Hypothesis A : atoms_at K v M.
    Hypothesis B : atoms_at K w M.
    Variables i j : positive.
    Hypothesis S : forall k, (k < base)%positive -> w k = if Pos.eqb k i then v j else if Pos.eqb k j then v i else v k.

    Definition becomes (T : table form) : Prop :=
      (forall k g, find k T = Some g -> eval K v g = w k) /\
      (forall k, (k < base)%positive -> find k T = None -> v k = w k).

    Lemma moved_at T f : becomes T -> is_moved base T f = true -> eval K v (replace_by T f) = eval K w f.
    Proof.
      intros [B1 B2]. induction f as [| [k c] f IH]; trivial. cbn [is_moved forallb replace_by eval fst].
      change (forallb _ f) with (is_moved base T f). rewrite andb_true_iff. intros [H1 H2].
      destruct (find k T) as [g |] eqn:F; rewrite (eval_axpy K L), IH by trivial.
      - now rewrite (B1 k g F).
      - rewrite orb_false_r in H1. apply Pos.ltb_lt in H1. now rewrite (eval_variable K L), (B2 k H1 F).
    Qed.

    Lemma swapping_at : (i < base)%positive -> (j < base)%positive -> becomes (swapping i j).
    Proof.
      intros Hi Hj. unfold swapping, find. split; intros k.
      - intros g. destruct (Pos.eq_dec k i) as [-> | Ni].
        + rewrite PositiveMap.gss. intros [= <-]. rewrite (eval_variable K L), S by trivial. now rewrite Pos.eqb_refl.
        + rewrite PositiveMap.gso by auto. destruct (Pos.eq_dec k j) as [-> | Nj].
          * rewrite PositiveMap.gss. intros [= <-]. rewrite (eval_variable K L), S by trivial.
            apply Pos.eqb_neq in Ni. now rewrite Ni, Pos.eqb_refl.
          * rewrite PositiveMap.gso by auto. now rewrite PositiveMap.gempty.
      - intros Hk. destruct (Pos.eq_dec k i) as [-> | Ni]; [now rewrite PositiveMap.gss |].
        rewrite PositiveMap.gso by auto. destruct (Pos.eq_dec k j) as [-> | Nj]; [now rewrite PositiveMap.gss |].
        intros _. rewrite S by trivial. apply Pos.eqb_neq in Ni. apply Pos.eqb_neq in Nj. now rewrite Ni, Nj.
    Qed.

    Lemma moving_at l : forall T T', becomes T -> moving base M l T = Some T' -> becomes T'.
    Proof.
      induction l as [| [k s] l IH]; cbn [moving]; intros T T' Be.
      - now intros [= <-].
      - destruct (find k M) as [[| e []] |] eqn:F; try discriminate.
        destruct (is_moved base T e) eqn:Mo; try discriminate.
        destruct (maximum M [] [] (replace_by T e) s) as [g |] eqn:X; try discriminate.
        apply IH. apply (maximum_sound K L v U M A [] (Forall_nil _)) in X.
        assert (G : eval K v g = w k).
        { rewrite X, (moved_at T e Be Mo). apply (B k [e]) in F. apply (is_max_unique K L _ _ _ (is_max_two K L _ _) F). }
        destruct Be as [B1 B2]. split; intros m; unfold find in *.
        + intros h. destruct (Pos.eq_dec m k) as [-> | N].
          * rewrite PositiveMap.gss. now intros [= <-].
          * rewrite PositiveMap.gso by auto. apply B1.
        + intros Hm. destruct (Pos.eq_dec m k) as [-> | N]; [now rewrite PositiveMap.gss |].
          rewrite PositiveMap.gso by auto. now apply B2.
    Qed.

    Lemma exchanged_at ds l : (i < base)%positive -> (j < base)%positive -> exchanged base M ds i j l = true ->
      map (eval K w) ds = map (eval K v) ds.
    Proof.
      intros Hi Hj. unfold exchanged. destruct (moving base M l (swapping i j)) as [T |] eqn:E; try discriminate.
      apply moving_at in E; [| now apply swapping_at]. rewrite forallb_forall. intros H. apply map_ext_in.
      intros d Hd. apply H in Hd. apply andb_true_iff in Hd as [H1 H2].
      rewrite <- (moved_at T d E H1). now apply (eval_same K L).
    Qed.
  End Exchange.

  (** * A chain of exchanges *)

  Variable ds : list form.
  Hypothesis Re : rebuilds.

  Definition built (w u : env K) : Prop :=
    unit_at K w /\ atoms_at K w M /\ forall j, (j < base)%positive -> w j = u j.

  Definition set (i : positive) (a : K) (u : env K) : env K := fun k => if Pos.eqb k i then a else u k.

  Fixpoint put (chain : list positive) (l : list K) (u : env K) : env K :=
    match chain, l with
    | i :: chain', a :: l' => set i a (put chain' l' u)
    | _, _ => u
    end.

  Fixpoint linked (chain : list positive) : Prop :=
    match chain with
    | [] => True
    | i :: chain' =>
      (1 < i)%positive /\ (i < base)%positive /\ ~ In i chain' /\ linked chain' /\
      match chain' with
      | [] => True
      | j :: _ => forall v w, unit_at K v -> atoms_at K v M -> atoms_at K w M ->
        (forall k, (k < base)%positive -> w k = if Pos.eqb k i then v j else if Pos.eqb k j then v i else v k) ->
        map (eval K w) ds = map (eval K v) ds
      end
    end.

  Lemma chained_linked links : forall i, chained base M ds i links = true -> linked (i :: map fst links).
  Proof.
    induction links as [| [j l] links IH]; intros i; cbn [chained].
    - unfold is_input. rewrite andb_true_iff, !Pos.ltb_lt. cbn. tauto.
    - rewrite !andb_true_iff. intros [[[I N] X] H]. pose proof (IH j H) as Lk. unfold is_input in I.
      apply andb_true_iff in I as [I1 I2]. apply Pos.ltb_lt in I1. apply Pos.ltb_lt in I2.
      cbn [map fst] in *. split; [exact I1 |]. split; [exact I2 |]. split; [| split; [exact Lk |]].
      + intros Hin. apply negb_true_iff in N. rewrite <- not_true_iff_false in N. apply N.
        change (In i (map fst ((j, l) :: links))) in Hin. apply in_map_iff in Hin as (e & <- & He).
        apply existsb_exists. exists e. split; trivial. apply Pos.eqb_refl.
      + intros v w U A B S. destruct Lk as (_ & Hj & _). now apply (exchanged_at v w U A B i j S ds l).
  Qed.

  Lemma put_other chain : forall l u k, ~ In k chain -> put chain l u k = u k.
  Proof.
    induction chain as [| i chain IH]; intros [| a l] u k H; trivial. cbn [put]. unfold set.
    destruct (Pos.eqb_spec k i) as [-> | N]; [destruct H; now left |]. apply IH. intros Hk. apply H. now right.
  Qed.

  Lemma built_ext w u u' : (forall k, (k < base)%positive -> u k = u' k) -> built w u -> built w u'.
  Proof. intros E (U & A & B). split; trivial. split; trivial. intros k Hk. now rewrite B, E. Qed.

  Lemma set_put i a chain : forall l u k, ~ In i chain -> set i a (put chain l u) k = put chain l (set i a u) k.
  Proof.
    induction chain as [| j chain IH]; intros [| b l] u k H; trivial. cbn [put].
    specialize (IH l u k (fun Hi => H (or_intror Hi))). unfold set at 1 2 3. rewrite <- IH. unfold set.
    destruct (Pos.eqb_spec k i), (Pos.eqb_spec k j); subst; trivial. destruct H. now left.
  Qed.

  Lemma put_unit chain : forall l u, linked chain -> unit_at K u -> unit_at K (put chain l u).
  Proof.
    intros l u Lk U. unfold unit_at. rewrite put_other; trivial. clear - Lk.
    induction chain as [| i chain IH]; [easy |]. destruct Lk as (H & _ & _ & Lk & _).
    intros [E | E]; [subst; lia | now apply IH].
  Qed.

  Lemma permuted l l' : Permutation l l' -> forall chain u w, linked chain -> length chain = length l ->
    unit_at K u -> built w (put chain l u) ->
    exists w', built w' (put chain l' u) /\ map (eval K w') ds = map (eval K w) ds.
  Proof.
    induction 1 as [| a l l' P IH | a b l | l l' l'' P1 IH1 P2 IH2]; intros chain u w Lk Len U Bw.
    - exists w. auto.
    - destruct chain as [| i chain]; try discriminate. injection Len as Len. cbn [put] in *.
      destruct Lk as (Hi & Hb & Nin & Lk & _).
      destruct (IH chain (set i a u) w Lk Len) as (w' & B' & E).
      + unfold unit_at, set. destruct (Pos.eqb_spec 1 i); trivial. lia.
      + apply (built_ext w _ _ (fun k _ => set_put i a chain l u k Nin) Bw).
      + exists w'. split; trivial. apply (built_ext w' _ _ (fun k _ => eq_sym (set_put i a chain l' u k Nin)) B').
    - destruct chain as [| i [| j chain]]; try discriminate. pose proof Lk as Lk'.
      destruct Lk as (Hi & Hib & Nin & (Hj & Hjb & _) & X).
      destruct (Re (put (i :: j :: chain) (a :: b :: l) u) (put_unit _ _ _ Lk' U)) as (w' & B').
      exists w'. split; [exact B' |]. destruct Bw as (Uw & Aw & Bw), B' as (U' & A' & B').
      apply (X w w'); trivial. intros k Hk. rewrite B', !Bw by trivial. cbn [put]. unfold set.
      assert (Nij : i <> j) by (intros ->; apply Nin; now left).
      destruct (Pos.eqb_spec k i), (Pos.eqb_spec k j), (Pos.eqb_spec j i); subst; try congruence; trivial;
        rewrite ?Pos.eqb_refl; trivial; congruence.
    - assert (Len' : length chain = length l') by (rewrite Len; now apply Permutation_length).
      destruct (IH1 chain u w Lk Len U Bw) as (w1 & Bw1 & E1).
      destruct (IH2 chain u w1 Lk Len' U Bw1) as (w2 & Bw2 & E2). exists w2. split; trivial. now rewrite E2.
  Qed.

  Fixpoint descending (l : list K) : Prop :=
    match l with
    | a :: ((b :: _) as l') => b <= a /\ descending l'
    | _ => True
    end.

  Lemma insert_descending a l : descending l -> exists l', Permutation (a :: l) l' /\ descending l' /\
    forall b, (a <= b -> match l with [] => True | c :: _ => c <= b end -> match l' with [] => True | c :: _ => c <= b end).
  Proof.
    induction l as [| c l IH]; intros D.
    - exists [a]. repeat split; auto.
    - destruct (le_total K L c a) as [H | H].
      + exists (a :: c :: l). repeat split; auto.
      + destruct IH as (l' & P & D' & F); [destruct l; [exact I | apply D] |].
        exists (c :: l'). split; [| split].
        * now rewrite perm_swap, P.
        * specialize (F c H). destruct l' as [| d l']; [exact I |]. split; trivial. apply F.
          destruct l; [exact I | apply D].
        * auto.
  Qed.

  Lemma sorted l : exists l', Permutation l l' /\ descending l'.
  Proof.
    induction l as [| a l (l' & P & D)].
    - now exists [].
    - destruct (insert_descending a l' D) as (m & P' & D' & _). exists m. split; trivial. now rewrite P.
  Qed.

  Lemma put_same chain : forall u k, put chain (map u chain) u k = u k.
  Proof.
    induction chain as [| i chain IH]; intros u k; trivial. cbn [map put]. unfold set.
    destruct (Pos.eqb_spec k i); subst; trivial.
  Qed.

  Lemma order_at chain : forall i l u w, linked (i :: chain) -> length l = length (i :: chain) -> descending l ->
    (forall k, (k < base)%positive -> w k = put (i :: chain) l u k) -> all_at K w (order i chain).
  Proof.
    induction chain as [| j chain IH]; intros i l u w Lk Len D E; cbn [order]; [constructor |].
    destruct l as [| a [| b l]]; try discriminate. destruct Lk as (_ & Hi & Nin & Lk & _), D as [D1 D2].
    pose proof Lk as (_ & Hj & _). constructor.
    - unfold true_at; cbn [fst snd]. rewrite (eval_minus K L), !(eval_variable K L), !E by trivial. cbn [put]. unfold set.
      assert (N : (j =? i)%positive = false) by (apply Pos.eqb_neq; intros ->; apply Nin; now left).
      rewrite !Pos.eqb_refl, N. now apply (sub_le K L).
    - apply (IH j (b :: l) (set i a u) w Lk); trivial.
      + injection Len as Len. simpl. now rewrite Len.
      + intros k Hk. rewrite E by trivial. now apply (set_put i a (j :: chain) (b :: l) u k).
  Qed.

  Lemma kept_at v w chain cs : (forall k, (k < base)%positive -> ~ In k chain -> w k = v k) -> all_at K v cs ->
    all_at K w (kept base chain cs).
  Proof.
    intros E C. apply Forall_map. eapply Forall_impl; [| exact C]. intros [f s] H.
    destruct (stays base chain (f, s)) eqn:S; [| apply (le_refl K L)]. unfold stays in S; cbn [fst] in S.
    rewrite forallb_forall in S.
    assert (Ev : eval K w f = eval K v f).
    { apply eval_ext. intros k c Hk. specialize (S _ Hk). cbn [fst] in S. apply andb_true_iff in S as [S1 S2].
      apply Pos.ltb_lt in S1. apply E; trivial. intros Hin. apply negb_true_iff in S2.
      rewrite <- not_true_iff_false in S2. apply S2. apply existsb_exists. exists k. split; trivial. apply Pos.eqb_refl. }
    unfold true_at in *; cbn [fst snd] in *. now rewrite Ev.
  Qed.

  (** There is a point where the inputs are in order, and where the differences are the same. *)
  Lemma ordered_point v i links cs : unit_at K v -> atoms_at K v M -> all_at K v cs ->
    chained base M ds i links = true ->
    exists w, unit_at K w /\ atoms_at K w M /\
    all_at K w (kept base (i :: map fst links) cs ++ order i (map fst links)) /\
    map (eval K w) ds = map (eval K v) ds.
  Proof.
    intros U A C H. apply chained_linked in H. set (chain := map fst links) in *.
    destruct (sorted (map v (i :: chain))) as (l & P & D).
    destruct (permuted _ _ P (i :: chain) v v H) as (w & (Uw & Aw & Bw) & E).
    - now rewrite length_of_map.
    - exact U.
    - split; trivial. split; trivial. intros k _. now rewrite put_same.
    - exists w. split; trivial. split; trivial. split; trivial. apply Forall_app. split.
      + apply (kept_at v); trivial. intros k Hk Nin. rewrite Bw by trivial. now apply put_other.
      + apply (order_at chain i l v w H); trivial. apply Permutation_length in P. rewrite length_of_map in P. now symmetry.
  Qed.
End Sound.
