"""Language models behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama, hosted APIs.

``client`` asks and tries again, ``wire`` reads answers, ``told`` makes probabilities of them; ``chat`` and
``completions`` are the two engines.
"""
