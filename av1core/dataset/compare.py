"""Whether two datasets hold the same pixels and labels, source by source."""

from av1core.dataset.folder import Dataset, frame_digest


def differences(first: Dataset, second: Dataset) -> list[str]:
    """One line for each source, by name, whose pixels or labels differ. DatasetError where frames are damaged."""
    indices = [{source.name: index for index, source in enumerate(dataset.sources)} for dataset in (first, second)]
    lines = []
    for name in sorted(set(indices[0]) | set(indices[1])):
        here, there = (by_name.get(name) for by_name in indices)
        if here is None or there is None:
            lines.append(f"{name}: only in {first.path if there is None else second.path}")
            continue
        if _frame_digests(first, here) != _frame_digests(second, there):
            lines.append(f"{name}: the pixels differ")
        labels, others = _labels(first, here), _labels(second, there)
        common = set(labels) & set(others)
        changed = sum(labels[node] != others[node] for node in common)
        alone = len(labels) + len(others) - 2 * len(common)
        if changed or alone:
            lines.append(f"{name}: {changed:,} labels differ, {alone:,} blocks are in one of the two only")
    return lines


def _frame_digests(dataset: Dataset, source: int) -> list[bytes]:
    return [frame_digest(dataset.luma(source, frame)) for frame in range(dataset.sources[source].frames)]


def _labels(dataset: Dataset, source: int) -> dict[tuple[int, ...], int]:
    """Partition by (frame, qindex, size, row, col)."""
    blocks, mask = dataset.blocks, dataset.blocks.source == source
    columns = (blocks.frame, blocks.qindex, blocks.size, blocks.row, blocks.col)
    nodes = zip(*(column[mask].tolist() for column in columns), strict=True)
    return dict(zip(nodes, blocks.partition[mask].tolist(), strict=True))
