"""The independent checker: accepts or rejects the evidence for a proof.

It reads the network and the formula by itself and trusts nothing that a method says.  It shares no
code with the methods: plain exact rationals and dictionaries, every rule replayed one step at a
time.  See docs/proved.md for why each rule is sound.
"""
