"""Stress scenarios of the users."""

from storage.pool import Pool


class Scenarios(Pool):
    """Stored definitions (JSON) by name."""

    async def scenarios(self) -> list[bytes]:
        """Return all definitions, by name."""
        rows = await self._rows("select definition from scenarios order by name")
        return [definition for (definition,) in rows]

    async def store_scenario(self, name: str, definition: bytes, most: int) -> bool:
        """Store a definition under its name, over the one before; False where there are ``most`` others."""
        rows = await self._rows(
            "insert into scenarios (name, definition)"
            " select %(name)s, %(definition)s where (select count(*) from scenarios where name <> %(name)s) < %(most)s"
            " on conflict (name) do update set definition = excluded.definition, stored = excluded.stored returning 1",
            {"name": name, "definition": definition.decode(), "most": most},
        )
        return bool(rows)

    async def delete_scenario(self, name: str) -> bool:
        """Delete one; False where there was none."""
        return bool(await self._rows("delete from scenarios where name = %s returning 1", [name]))
