"""LoRA adapters, merged into the model they were trained on."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark.errors import UserError

CONFIG = "adapter_config.json"


def merge(adapter: Path, base: Path, base_name: str, target: Path) -> None:
    """Write base model and adapter as one model, in the base's number format.

    Args:
        adapter: folder in PEFT's format; its tokenizer is taken where it has one.
        base: folder of the model it was trained on; base_name: its repository, or the folder's name.
        target: folder to make.

    Raises:
        UserError: the adapter was trained on another model, is no LoRA adapter, or peft is not installed.
    """
    _check(adapter, base_name)
    try:
        from peft import PeftModel
    except ImportError:
        raise UserError(
            "Adapters are merged by peft, which is not installed: pip install 'rerankbench[adapters]'."
        ) from None
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)
    merged.save_pretrained(target)
    spoken = adapter if (adapter / "tokenizer_config.json").is_file() else base
    AutoTokenizer.from_pretrained(spoken).save_pretrained(target)


def _check(adapter: Path, base_name: str) -> None:
    path = adapter / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        kind, trained_on = config["peft_type"], str(config["base_model_name_or_path"])
    except FileNotFoundError:
        raise UserError(f"{path}: missing; this is no adapter in PEFT's format.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not readable as PEFT's config ({error!r}).") from None
    problems = []
    if kind != "LORA":
        problems.append(f"{path}: an adapter of type {kind}; only LORA can be merged.")
    if trained_on.rstrip("/").rpartition("/")[2].lower() != base_name.rstrip("/").rpartition("/")[2].lower():
        problems.append(f"{path}: was trained on '{trained_on}', the entry's base is '{base_name}'. Correct the entry.")
    if problems:
        raise UserError(problems)
