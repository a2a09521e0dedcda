"""Chat templates of the kinds that models come with."""

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}</{{ message['role'] }}>{% endfor %}"
)

SILENT_SYSTEM = (
    "{% for message in messages if message['role'] != 'system' %}<{{ message['role'] }}>{{ message['content'] }}"
    "{% endfor %}"
)

WITH_BOS = "{{ bos_token }}" + CHATML

THINKING = CHATML + "{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"

SINGLE_TURN = (
    "{% if messages | length > 2 %}{{ raise_exception('one turn only') }}{% endif %}"
    "{% for message in messages %}[{{ message['content'] }}]{% endfor %}"
)
