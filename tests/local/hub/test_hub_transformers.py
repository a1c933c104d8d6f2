from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own: HF_ENDPOINT counts only when it is set before the clients are imported.
PROGRAM = """
import json, sys
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import RepositoryNotFoundError
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

words = {word: number for number, word in enumerate("<pad> <unk> what is a hub store".split())}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>")
sizes = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
config = LlamaConfig(vocab_size=len(words), **sizes)
model = LlamaForCausalLM(config)

name = "acme/from-transformers"
model.push_to_hub(name, private=True)
fast.push_to_hub(name)
api = HfApi()
api.create_tag(name, tag="v1")
loaded = AutoModelForCausalLM.from_pretrained(name, revision="v1")
again = AutoTokenizer.from_pretrained(name, revision="v1")
same = all(bool((a == b).all()) for a, b in zip(model.state_dict().values(), loaded.state_dict().values()))
try:
    AutoModelForCausalLM.from_pretrained(name, token=False, force_download=True)
    hidden = False
except OSError as error:
    hidden = "not a valid model identifier" in str(error) or "private" in str(error)
info = api.model_info(name)
print(json.dumps({
    "same": same,
    "ids": again("what is a store")["input_ids"],
    "hidden": hidden,
    "private": info.private,
    "files": sorted(s.rfilename for s in info.siblings),
    "parameters": info.safetensors.total,
    "expected": model.num_parameters(),
    "library": info.library_name,
    "model_type": info.config["model_type"],
}))
"""


@pytest.mark.model
def test_transformers_publishes_to_and_loads_from_the_store(hub: str, tokens: dict[str, str], tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_ENDPOINT": hub,
        "HF_TOKEN": tokens["alice"],
        "HF_HOME": str(tmp_path),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["same"] is True
    assert result["ids"] == [2, 3, 4, 6]
    assert result["hidden"] is True
    assert result["private"] is True
    assert result["parameters"] == result["expected"]
    assert result["library"] == "transformers"
    assert result["model_type"] == "llama"
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(result["files"])
