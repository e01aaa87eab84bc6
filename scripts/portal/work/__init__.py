"""Work: steps on single packages, where they run, and what is kept of them between builds."""
