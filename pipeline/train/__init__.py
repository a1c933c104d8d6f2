"""Fine-tuning of text-to-text and causal language models."""
