"""An embedded model store that speaks the Hugging Face Hub's HTTP protocol, for machines without the Hub.

The unmodified `huggingface_hub` and `transformers` clients work against it; `docs/model_store.md` says what it
implements and what it leaves out. Start it with `python -m pipeline.local.hub`.
"""
