"""The vault as commands. None of them shows a value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.actions import Context, SecretText, Unit, action
from core.values import Effect, Reply
from core.vault.model import SecretState
from core.vault.service import Vault


@action("vault.save", permission="vault.write", effect=Effect.WRITE)
async def vault_save(vault: Vault, ctx: Context, unit: Unit, name: str, value: SecretText) -> Reply:
    """Keep a secret, or replace it; whatever uses it connects again.

    name: as the vendor calls it, for instance SLACK_BOT_TOKEN.
    value: the secret itself; it is shown nowhere.
    """
    version = await vault.save(unit, name, value, ctx.actor)
    return Reply(text=f"{name} is kept (version {version}, master key in the {vault.method}).", private=True)


@action("vault.list", permission="vault.read", effect=Effect.READ)
async def vault_list(vault: Vault) -> tuple[SecretState, ...]:
    """List the secrets there are, without their values."""
    return await vault.states()


@action("vault.revert", permission="vault.write", effect=Effect.WRITE)
async def vault_revert(vault: Vault, unit: Unit, name: str, version: Annotated[int, Field(ge=0)] = 0) -> Reply:
    """Use the version of a secret from before its last change.

    name: of the secret.
    version: from `activity`; 0 takes the secret out of use.
    """
    await vault.revert(unit, name, version)
    said = f"{name} is version {version} again." if version else f"{name} is out of use."
    return Reply(text=said, private=True)


@action("vault.delete", permission="vault.write", effect=Effect.DESTROY)
async def vault_delete(vault: Vault, unit: Unit, name: str) -> Reply:
    """Remove a secret and all its versions for good.

    name: of the secret.
    """
    await vault.delete(unit, name)
    return Reply(text=f"{name} is gone.", private=True)


@action("vault.rotate", permission="vault.write", effect=Effect.OUTWARD, job=True)
async def vault_rotate(vault: Vault, unit: Unit) -> Reply:
    """Change the master key; every secret is wrapped anew, none is changed."""
    count = await vault.rotate(unit)
    return Reply(text=f"The master key is new; {count} records were wrapped anew.", private=True)
