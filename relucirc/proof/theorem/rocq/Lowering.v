(** Networks and formulas as forms over inputs and atoms, one step of evidence for each maximum and comparison. *)

From Coq Require Import List ZArith QArith Bool Ring FMapPositive Lia.
From Relucirc Require Import Statement Laws Forms Evidence Steps.
Import ListNotations.

Section Lowering.
  Variable M : atoms.
  Variable cs : list known.

  Definition lower_neuron (x : list form) (entry : list (nat * Q) * Q) : form :=
    fold_right (fun e total => axpy (snd e) (nth (fst e) x []) total) (constant (snd entry)) (fst entry).

  Definition lower_affine (l : layer) (x : list form) : list form := map (lower_neuron x) (entries l).

  Fixpoint lower_relus (x : list form) (steps : list step) : option (list form * list step) :=
    match x with
    | [] => Some ([], steps)
    | f :: x' =>
      match steps with
      | [] => None
      | s :: steps =>
        match maximum M cs [] f s, lower_relus x' steps with
        | Some g, Some (y, rest) => Some (g :: y, rest)
        | _, _ => None
        end
      end
    end.

  Fixpoint lower_network (net : list layer) (x : list form) (steps : list step) : option (list form) :=
    match net with
    | [] => Some x
    | [last] => Some (lower_affine last x)
    | l :: above =>
      match lower_relus (lower_affine l x) steps with
      | Some (y, rest) => lower_network above y rest
      | None => None
      end
    end.

  (** Computations that read steps. *)
  Definition reader (A : Type) := list step -> option (A * list step).
  Definition done {A} (a : A) : reader A := fun steps => Some (a, steps).
  Definition fail {A} : reader A := fun _ => None.
  Definition bind {A B} (r : reader A) (g : A -> reader B) : reader B :=
    fun steps => match r steps with Some (a, rest) => g a rest | None => None end.
  Definition take {A} (g : step -> option A) : reader A :=
    fun steps => match steps with s :: rest => option_map (fun a => (a, rest)) (g s) | [] => None end.

  (** The second reader where the next step says so, else the first. *)
  Definition second {A} (r r' : reader A) : reader A :=
    fun steps =>
    match steps with
    | Second O :: rest => r' rest
    | Second (S n) :: rest => r (Second n :: rest)
    | _ => r steps
    end.

  Definition read_max (f g : form) : reader form := take (maximum M cs f g).
  Definition read_le (f g : form) : reader bool := take (compared M cs f g).

  (** [insert] and [sort] of the statement, with one maximum for each exchange. *)
  Fixpoint lower_insert (f : form) (l : list form) : reader (list form) :=
    match l with
    | [] => done [f]
    | g :: l' => bind (read_max f g) (fun m => bind (lower_insert m l') (fun r => done (minus (plus f g) m :: r)))
    end.

  Fixpoint lower_sort (l : list form) : reader (list form) :=
    match l with [] => done [] | f :: l' => bind (lower_sort l') (lower_insert f) end.

  Variable x : list form.

  Fixpoint lower (e : expr) : reader form :=
    match e with
    | Var i => done (nth i x [])
    | Int z => done (constant (z # 1))
    | Rat q => done (constant q)
    | Add a b => bind (lower a) (fun f => bind (lower b) (fun g => done (plus f g)))
    | Sub a b => bind (lower a) (fun f => bind (lower b) (fun g => done (minus f g)))
    | Mul a b => bind (lower a) (fun f => bind (lower b) (fun g =>
        match fixed f, fixed g with
        | Some c, _ => done (scale c g)
        | None, Some c => done (scale c f)
        | None, None => fail
        end))
    | Opp a => bind (lower a) (fun f => done (scale (-1) f))
    | Max a b => bind (lower a) (fun f => bind (lower b) (fun g => read_max f g))
    | Min a b => bind (lower a) (fun f => bind (lower b) (fun g =>
        bind (read_max (scale (-1) f) (scale (-1) g)) (fun m => done (scale (-1) m))))
    | Abs a => bind (lower a) (fun f => read_max f (scale (-1) f))
    | Smallest k es => bind (lower_list es) (fun fs => bind (lower_sort fs) (fun r => done (nth (pred k) r [])))
    | If c a b => bind (decide c) (fun t => if t then lower a else lower b)
    end
  with lower_list (es : exprs) : reader (list form) :=
    match es with
    | Nil => done []
    | Cons e es' => bind (lower e) (fun f => bind (lower_list es') (fun fs => done (f :: fs)))
    end
  with decide (c : cond) : reader bool :=
    match c with
    | Le a b => bind (lower a) (fun f => bind (lower b) (fun g => read_le f g))
    | Lt a b => bind (lower a) (fun f => bind (lower b) (fun g => bind (read_le g f) (fun t => done (negb t))))
    | Eq a b => bind (lower a) (fun f => bind (lower b) (fun g =>
        bind (read_le f g) (fun t => if t then read_le g f else done false)))
    | Not c => bind (decide c) (fun t => done (negb t))
    | And c d => second (bind (decide c) (fun t => if t then decide d else done false))
        (bind (decide d) (fun t => if t then fail else done false))
    | Or c d => second (bind (decide c) (fun t => if t then done true else decide d))
        (bind (decide d) (fun t => if t then done true else fail))
    end.

  Fixpoint lower_formulas (es : list expr) : reader (list form) :=
    match es with
    | [] => done []
    | e :: es' => bind (lower e) (fun f => bind (lower_formulas es') (fun fs => done (f :: fs)))
    end.
End Lowering.

Scheme expr_mut := Induction for expr Sort Prop
  with exprs_mut := Induction for exprs Sort Prop
  with cond_mut := Induction for cond Sort Prop.
Combined Scheme formulas_ind from expr_mut, exprs_mut, cond_mut.

Section Sound.
  Variable K : numbers.
  Hypothesis L : laws K.
  Add Ring K_ring : (ring_laws K L).

  Variable v : env K.
  Hypothesis U : unit_at K v.
  Variable M : atoms.
  Hypothesis A : atoms_at K v M.
  Variable cs : list known.
  Hypothesis C : all_at K v cs.

  Local Notation ev := (eval K v).

  Lemma nth_eval i (x : list form) : ev (nth i x []) = nth i (map ev x) (int K 0).
  Proof. change (int K 0) with (ev []). now rewrite map_nth. Qed.

  Lemma neuron_sound x entry : ev (lower_neuron x entry) = neuron K (map ev x) entry.
  Proof.
    destruct entry as [row b]. unfold lower_neuron, neuron; simpl. induction row as [| [i w] row IH]; simpl.
    - now apply (eval_constant K L).
    - rewrite (eval_axpy K L), IH. rewrite nth_eval. reflexivity.
  Qed.

  Lemma affine_sound l x : map ev (lower_affine l x) = affine K l (map ev x).
  Proof. unfold lower_affine, affine. rewrite map_map. apply map_ext. apply neuron_sound. Qed.

  Lemma relus_sound x steps y rest : lower_relus M cs x steps = Some (y, rest) -> map ev y = map (relu K) (map ev x).
  Proof.
    revert steps y rest. induction x as [| f x IH]; simpl; intros steps y rest.
    - now intros [= <- <-].
    - destruct steps as [| s steps]; try discriminate.
      destruct (maximum M cs [] f s) as [g |] eqn:E; try discriminate.
      destruct (lower_relus M cs x steps) as [[y' rest'] |] eqn:R; try discriminate. intros [= <- <-].
      apply (maximum_sound K L v U M A cs C) in E. simpl. now rewrite (IH _ _ _ R), E.
  Qed.

  Lemma network_sound net x steps y : lower_network M cs net x steps = Some y -> map ev y = run K net (map ev x).
  Proof.
    revert x steps. induction net as [| l [| l' net] IH]; intros x steps.
    - now intros [= <-].
    - intros [= <-]. apply affine_sound.
    - change (match lower_relus M cs (lower_affine l x) steps with
        | Some (y0, rest) => lower_network M cs (l' :: net) y0 rest | None => None end = Some y ->
        map ev y = run K (l' :: net) (map (relu K) (affine K l (map ev x)))).
      destruct (lower_relus M cs (lower_affine l x) steps) as [[z rest] |] eqn:R; try discriminate.
      intros H. apply IH in H. rewrite H, (relus_sound _ _ _ _ R), affine_sound. reflexivity.
  Qed.

  Lemma bind_some {B D} (r : reader B) (g : B -> reader D) steps d rest : bind r g steps = Some (d, rest) ->
    exists b rest', r steps = Some (b, rest') /\ g b rest' = Some (d, rest).
  Proof. unfold bind. destruct (r steps) as [[b rest'] |]; try discriminate. eauto. Qed.

  Lemma second_some {B} (r r' : reader B) steps b rest : second r r' steps = Some (b, rest) ->
    (exists others, r' others = Some (b, rest)) \/ (exists others, r others = Some (b, rest)).
  Proof. unfold second. destruct steps as [| [| | | | [| n]] others]; eauto. Qed.

  Lemma read_max_sound f g steps m rest : read_max M cs f g steps = Some (m, rest) -> ev m = max K (ev f) (ev g).
  Proof.
    unfold read_max, take. destruct steps as [| s steps]; try discriminate.
    destruct (maximum M cs f g s) eqn:E; try discriminate. intros [= <- <-].
    now apply (maximum_sound K L v U M A cs C) in E.
  Qed.

  Lemma read_le_sound f g steps t rest : read_le M cs f g steps = Some (t, rest) -> leb K (ev f) (ev g) = t.
  Proof.
    unfold read_le, take. destruct steps as [| s steps]; try discriminate.
    destruct (compared M cs f g s) eqn:E; try discriminate. intros [= <- <-].
    now apply (compared_sound K L v U M A cs C) in E.
  Qed.

  Lemma min_max a b : min K a b = sub K (add K a b) (max K a b).
  Proof.
    destruct (le_total K L a b) as [H | H].
    - rewrite (min_l K L), (max_r K L); trivial. ring.
    - rewrite (min_r K L), (max_l K L); trivial. ring.
  Qed.

  Lemma insert_sound l f steps r rest : lower_insert M cs f l steps = Some (r, rest) ->
    map ev r = insert K (ev f) (map ev l).
  Proof.
    revert f steps r rest. induction l as [| g l IH]; simpl; intros f steps r rest H.
    - now injection H as <- <-.
    - apply bind_some in H as (m & s1 & H1 & H). apply bind_some in H as (q & s2 & H2 & H). injection H as <- <-.
      apply read_max_sound in H1. simpl. rewrite (IH _ _ _ _ H2), H1, min_max. f_equal.
      rewrite (eval_minus K L), (eval_plus K L), H1. trivial.
  Qed.

  Lemma sort_sound l steps r rest : lower_sort M cs l steps = Some (r, rest) -> map ev r = sort K (map ev l).
  Proof.
    revert steps r rest. induction l as [| f l IH]; simpl; intros steps r rest H.
    - now injection H as <- <-.
    - apply bind_some in H as (q & s1 & H1 & H). apply insert_sound in H. rewrite H, (IH _ _ _ H1). reflexivity.
  Qed.

  Lemma min_opp a b : min K a b = opp K (max K (opp K a) (opp K b)).
  Proof.
    destruct (le_total K L a b) as [H | H].
    - rewrite (min_l K L), (max_l K L); trivial; [ring |]. apply (le_sub K L).
      replace (sub K (opp K a) (opp K b)) with (sub K b a) by ring. now apply (sub_le K L).
    - rewrite (min_r K L), (max_r K L); trivial; [ring |]. apply (le_sub K L).
      replace (sub K (opp K b) (opp K a)) with (sub K a b) by ring. now apply (sub_le K L).
  Qed.

  Lemma eval_opp f : ev (scale (-1) f) = opp K (ev f).
  Proof. rewrite (eval_scale K L), (rat_minus_one K L). ring. Qed.

  Variable x : list form.

  Lemma lower_sound :
    (forall e steps f rest, lower M cs x e steps = Some (f, rest) -> ev f = value K (map ev x) e) /\
    (forall es steps fs rest, lower_list M cs x es steps = Some (fs, rest) -> map ev fs = values K (map ev x) es) /\
    (forall c steps t rest, decide M cs x c steps = Some (t, rest) -> truth K (map ev x) c = t).
  Proof.
    apply formulas_ind; cbn [lower lower_list decide value values truth]; unfold done, fail.
    - intros i steps f rest [= <- <-]. apply nth_eval.
    - intros z steps f rest [= <- <-]. rewrite (eval_constant K L); trivial. apply (rat_int K L).
    - intros q steps f rest [= <- <-]. now apply (eval_constant K L).
    - intros a IHa b IHb steps f rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & [= <- <-]).
      apply IHa in H1. apply IHb in H2. now rewrite (eval_plus K L), H1, H2.
    - intros a IHa b IHb steps f rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & [= <- <-]).
      apply IHa in H1. apply IHb in H2. now rewrite (eval_minus K L), H1, H2.
    - intros a IHa b IHb steps f rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & H).
      apply IHa in H1. apply IHb in H2.
      destruct (fixed g) as [c |] eqn:G; [| destruct (fixed h) as [c |] eqn:E; [| discriminate]];
        injection H as <- <-; rewrite (eval_scale K L).
      + apply (eval_fixed K L v) in G; trivial. now rewrite <- H1, <- H2, G.
      + apply (eval_fixed K L v) in E; trivial. rewrite <- H1, <- H2, E. ring.
    - intros a IHa steps f rest H. apply bind_some in H as (g & s1 & H1 & [= <- <-]).
      apply IHa in H1. now rewrite eval_opp, H1.
    - intros a IHa b IHb steps f rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & H).
      apply IHa in H1. apply IHb in H2. apply read_max_sound in H. now rewrite H, H1, H2.
    - intros a IHa b IHb steps f rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & H).
      apply bind_some in H as (m & s3 & H3 & [= <- <-]).
      apply IHa in H1. apply IHb in H2. apply read_max_sound in H3.
      rewrite eval_opp, H3, !eval_opp, H1, H2. symmetry. apply min_opp.
    - intros a IHa steps f rest H. apply bind_some in H as (g & s1 & H1 & H).
      apply IHa in H1. apply read_max_sound in H. rewrite H, eval_opp, H1. symmetry. apply (abs_max K L).
    - intros k es IH steps f rest H. apply bind_some in H as (fs & s1 & H1 & H).
      apply bind_some in H as (r & s2 & H2 & [= <- <-]). apply IH in H1. apply sort_sound in H2.
      change (ev (nth (pred k) r []) = smallest K k (values K (map ev x) es)). unfold smallest. rewrite nth_eval, H2, H1. reflexivity.
    - intros c IHc a IHa b IHb steps f rest H. apply bind_some in H as (t & s1 & H1 & H).
      apply IHc in H1.
      change (ev f = if truth K (map ev x) c then value K (map ev x) a else value K (map ev x) b). rewrite H1.
      destruct t; [eapply IHa | eapply IHb]; eauto.
    - intros steps fs rest [= <- <-]. reflexivity.
    - intros e IHe es IH steps fs rest H. apply bind_some in H as (f & s1 & H1 & H).
      apply bind_some in H as (r & s2 & H2 & [= <- <-]). apply IHe in H1. apply IH in H2.
      change (ev f :: map ev r = value K (map ev x) e :: values K (map ev x) es). now rewrite H1, H2.
    - intros a IHa b IHb steps t rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & H).
      apply IHa in H1. apply IHb in H2. apply read_le_sound in H.
      change (leb K (value K (map ev x) a) (value K (map ev x) b) = t). now rewrite <- H1, <- H2.
    - intros a IHa b IHb steps t rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & H).
      apply bind_some in H as (u & s3 & H3 & [= <- <-]).
      apply IHa in H1. apply IHb in H2. apply read_le_sound in H3.
      change (negb (leb K (value K (map ev x) b) (value K (map ev x) a)) = negb u). now rewrite <- H1, <- H2, H3.
    - intros a IHa b IHb steps t rest H.
      apply bind_some in H as (g & s1 & H1 & H). apply bind_some in H as (h & s2 & H2 & H).
      apply bind_some in H as (u & s3 & H3 & H).
      apply IHa in H1. apply IHb in H2. apply read_le_sound in H3.
      change (leb K (value K (map ev x) a) (value K (map ev x) b) && leb K (value K (map ev x) b) (value K (map ev x) a)
        = t). rewrite <- H1, <- H2, H3.
      destruct u; [now apply read_le_sound in H | now injection H].
    - intros c IH steps t rest H. apply bind_some in H as (u & s1 & H1 & [= <- <-]). now rewrite (IH _ _ _ H1).
    - intros c IHc d IHd steps t rest H. apply second_some in H as [(rest' & H) | (rest' & H)].
      + apply bind_some in H as (u & s1 & H1 & H). destruct u; [discriminate |]. injection H as <- <-.
        change (truth K (map ev x) c && truth K (map ev x) d = false). rewrite (IHd _ _ _ H1). apply andb_false_r.
      + apply bind_some in H as (u & s1 & H1 & H).
        change (truth K (map ev x) c && truth K (map ev x) d = t). rewrite (IHc _ _ _ H1).
        destruct u; simpl; [now apply IHd in H | now injection H].
    - intros c IHc d IHd steps t rest H. apply second_some in H as [(rest' & H) | (rest' & H)].
      + apply bind_some in H as (u & s1 & H1 & H). destruct u; [| discriminate]. injection H as <- <-.
        change (truth K (map ev x) c || truth K (map ev x) d = true). rewrite (IHd _ _ _ H1). apply orb_true_r.
      + apply bind_some in H as (u & s1 & H1 & H).
        change (truth K (map ev x) c || truth K (map ev x) d = t). rewrite (IHc _ _ _ H1).
        destruct u; simpl; [now injection H | now apply IHd in H].
  Qed.

  Lemma formulas_sound es steps fs rest : lower_formulas M cs x es steps = Some (fs, rest) ->
    map ev fs = map (value K (map ev x)) es.
  Proof.
    revert steps fs rest. induction es as [| e es IH]; simpl; intros steps fs rest H.
    - now injection H as <- <-.
    - apply bind_some in H as (f & s1 & H1 & H). apply bind_some in H as (r & s2 & H2 & [= <- <-]).
      apply (proj1 lower_sound) in H1. simpl. now rewrite H1, (IH _ _ _ H2).
  Qed.
End Sound.
