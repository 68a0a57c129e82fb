"""YAML in which no key stands twice: the library would let the last one count, without a word."""

from typing import Any

from riskcore.errors import InputError


def read_yaml(text: str, name: str) -> Any:
    """The one document of the text, without code and without repeated keys.

    Raises
    ------
    InputError
        With the line at which it is no such document.
    """
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        document = loader.get_single_node()
        if document is None:
            return None
        _refuse_repeats(document)
        return loader.construct_document(document)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"{name}: not YAML: {problem}{where}") from None


def _refuse_repeats(document: Any) -> None:
    """Look at each mapping once, however often aliases name it, and before merges fill it with the keys of others."""
    from yaml.nodes import CollectionNode, MappingNode

    waiting, seen = [document], set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, CollectionNode) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            _check_keys([key for key, _ in node.value])
            waiting += [part for pair in node.value for part in pair]
        else:
            waiting += node.value


def _check_keys(keys: list[Any]) -> None:
    from yaml.error import MarkedYAMLError
    from yaml.nodes import ScalarNode

    seen = set()
    for key in keys:
        if isinstance(key, ScalarNode):
            if (key.tag, key.value) in seen:
                raise MarkedYAMLError(problem=f"key {key.value!r} is there twice", problem_mark=key.start_mark)
            seen.add((key.tag, key.value))
