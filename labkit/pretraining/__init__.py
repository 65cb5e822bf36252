"""Pre-training of the bundled pair, bert-mini and gpt-mini (`labkit pretrain`)."""
