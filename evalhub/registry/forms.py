from __future__ import annotations

from django import forms


class BaseModelForm(forms.Form):
    name = forms.CharField(max_length=120)
    source = forms.CharField(
        max_length=500,
        help_text="A directory on the server that holds config.json and safetensors, or a hub id "
        "such as Qwen/Qwen3-0.6B. Code that comes with a model is never run.",
    )
