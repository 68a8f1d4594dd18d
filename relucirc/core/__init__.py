"""What everything else is written in: exact numbers and forms, graphs, linear programs, one clock, one base error."""
