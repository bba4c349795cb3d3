using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace OciRun.Fuzz;

/// <summary>Makes an input smaller as long as it fails for the same reason: first by its JSON tree, then by its bytes.</summary>
internal sealed class Minimizer
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Func<byte[], bool> _fails;
    private readonly long _began = Stopwatch.GetTimestamp();
    private byte[] _best;

    private Minimizer(byte[] input, Func<byte[], bool> fails)
    {
        _best = input;
        _fails = fails;
    }

    public static byte[] Shrink(byte[] input, Func<byte[], bool> fails)
    {
        Minimizer minimizer = new(input, fails);
        if (Node.Parse(input) is { IsContainer: true } tree)
            minimizer.ShrinkTree(tree);
        minimizer.ShrinkBytes();
        return minimizer._best;
    }

    private bool IsPatient => Stopwatch.GetElapsedTime(_began) < Patience;

    private bool Takes(byte[] candidate)
    {
        if (candidate.Length >= _best.Length || !_fails(candidate))
            return false;
        _best = candidate;
        return true;
    }

    private void ShrinkTree(Node root)
    {
        int before;
        do
        {
            before = _best.Length;
            ShrinkItems(root, root);
        }
        while (_best.Length < before && IsPatient);
    }

    // Runs of items, half as long each time, then what is in those that have to stay.
    private void ShrinkItems(Node root, Node node)
    {
        for (int size = node.Items.Count; size > 0 && IsPatient; size /= 2)
        {
            for (int at = 0; at + size <= node.Items.Count && IsPatient;)
            {
                List<(byte[]? Key, Node Value)> run = node.Items.GetRange(at, size);
                node.Items.RemoveRange(at, size);
                if (Takes(root.Write()))
                    continue;
                node.Items.InsertRange(at, run);
                at += size;
            }
        }

        for (int i = 0; i < node.Items.Count && IsPatient; i++)
        {
            (byte[]? key, Node value) = node.Items[i];
            if (value.IsContainer)
                ShrinkItems(root, value);
            else if (value.IsText)
                ShrinkText(root, node, i, key, value);
        }
    }

    private void ShrinkText(Node root, Node node, int index, byte[]? key, Node value)
    {
        byte[] content = value.Token![1..^1];
        for (int size = content.Length; size > 0 && IsPatient; size /= 2)
        {
            for (int at = 0; at + size <= content.Length;)
            {
                byte[] shorter = [.. content[..at], .. content[(at + size)..]];
                node.Items[index] = (key, Node.Raw(shorter));
                if (Takes(root.Write()))
                    content = shorter;
                else
                    at += size;
            }
        }

        node.Items[index] = (key, Node.Raw(content));
    }

    private void ShrinkBytes()
    {
        for (int size = _best.Length; size > 0 && IsPatient; size /= 2)
        {
            for (int at = 0; at + size <= _best.Length && IsPatient;)
            {
                if (!Takes([.. _best[..at], .. _best[(at + size)..]]))
                    at += size;
            }
        }
    }
}
