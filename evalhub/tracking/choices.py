from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices


class Service(TextChoices):
    TENSORBOARD = "tensorboard", "TensorBoard"
    MLFLOW = "mlflow", "MLflow"
    WANDB = "wandb", "Weights & Biases"
    COMET = "comet", "Comet"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a service asks for. `module`: of its client; empty where none is needed."""

    module: str = ""
    has_address: bool = False
    has_key: bool = False
    works_offline: bool = False  # writes files that somebody uploads later


NEEDS: dict[str, Needs] = {
    Service.TENSORBOARD: Needs(module="tensorboardX"),
    Service.MLFLOW: Needs(has_address=True),
    Service.WANDB: Needs(module="wandb", has_address=True, has_key=True, works_offline=True),
    Service.COMET: Needs(module="comet_ml", has_address=True, has_key=True, works_offline=True),
}
