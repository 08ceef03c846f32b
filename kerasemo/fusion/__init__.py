"""Late fusion of the predictions of several models, fitted and scored in-sample and on held-out dialogues."""
