"""Late fusion: predictions of several models -> one, fitted and scored in-sample and on held-out dialogues."""
