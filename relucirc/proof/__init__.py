"""How equality is proved: cases, methods, evidence, and the driver that has it checked."""
