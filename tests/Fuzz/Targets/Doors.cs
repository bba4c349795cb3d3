using System;
using System.Collections.Generic;

namespace OciRun.Fuzz.Targets;

/// <summary>All targets. README.md says which reader of src/ is behind which.</summary>
internal static class Doors
{
    // So many of a document's inputs are damaged as bytes too, and so are no JSON.
    private const int DamagedPercent = 8;

    public static IEnumerable<Target> All(Corpus corpus, Scratch scratch) =>
    [
        .. Configs.All(corpus),
        new BundleDoor(corpus, scratch).Target,
        .. States.All(corpus),
        .. KernelFiles.All(scratch),
        .. Buses.All(scratch),
        .. Words.All(),
        .. CriuFiles.All(scratch),
        new LayoutDoor(corpus, scratch).Target,
        new TarDoor(scratch).Target,
    ];

    /// <summary>A target whose inputs are mutated documents.</summary>
    public static Target Json(string name, Corpus corpus, IReadOnlyList<Node> seeds, Func<byte[], string> run)
    {
        JsonMutator mutator = new(corpus);
        return new Target(name, draw =>
        {
            Node tree = draw.Of(seeds).Copy();
            mutator.Mutate(tree, draw);
            byte[] document = tree.Write();
            return draw.Chance(DamagedPercent) ? ByteMutator.Mutate(document, draw) : document;
        }, run);
    }

    /// <summary>A target whose inputs are mutated texts or blocks.</summary>
    public static Target Bytes(string name, IReadOnlyList<byte[]> seeds, Func<byte[], string> run) =>
        new(name, draw => ByteMutator.Mutate(draw.Of(seeds), draw), run);

    /// <summary>One of its bits decides something, so that the input alone tells how it is taken.</summary>
    public static bool Bit(ReadOnlySpan<byte> input, int number)
    {
        unchecked
        {
            uint hash = 2166136261;
            foreach (byte b in input)
                hash = (hash ^ b) * 16777619;
            hash ^= hash >> 15;
            return ((hash >> number) & 1) != 0;
        }
    }
}
