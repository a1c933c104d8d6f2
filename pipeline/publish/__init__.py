"""Release to the model store, verification and rollback."""

import os

# Read by huggingface_hub when it is first imported, by whichever module of this package that is.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
