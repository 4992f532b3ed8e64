"""The torch side. Never imports Django; shares only `training.contract` with evalhub."""
