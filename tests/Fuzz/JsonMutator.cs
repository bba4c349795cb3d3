using System;
using System.Collections.Generic;
using System.Text;

namespace OciRun.Fuzz;

/// <summary>Changes a JSON tree here and there; most of what comes out is still nearly a good document.</summary>
internal sealed class JsonMutator(Corpus corpus)
{
    private static readonly string[] Numbers =
    [
        "0", "-0", "1", "-1", "2", "8", "16", "64", "127", "128", "255", "256", "1000", "65535", "65536", "2147483647", "2147483648",
        "-2147483648", "-2147483649", "4294967294", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "1e3", "1.0", "0.5", "1e400",
        "-1e-400", "123456789012345678901234567890123456789012345678901234567890", "00", "1.", "NaN",
    ];

    private static readonly string[] Texts =
    [
        "", " ", ".", "..", "/", "//", "../..", "/..", "/../../..", "/proc/self/fd/7", "/proc/self/exe", "/proc/1/root", "/dev/null", "/sys",
        "a/../b", "./x", "/a//b/", "\\u0000", "a\\u0000b", "\\u001b[31m", "\\n", "a\\nb", "\\r", "\\u007f", "\\u0085", "\\u202e", "\\ud800",
        "\\udc00x", "\\ud83d\\ude00", "\\", "\\x", "\\u12", "%s%n", "{}", "=", "=x", "x=", "A=B=C", "a b", "\\\"", "-1", "0", "0-", "0-3", "3-0",
        "0-99999999999", "all", "*", "1:1", ":", "name=value", "max", "100%", "é", "\u2028", "gid=", "mode=0", "size=", "idmap=", "idmap=uids=0-1-1",
    ];

    private static readonly string[] Values = ["null", "true", "false", "[]", "{}", "\"\"", "0", "[null]", "[{}]", "[[]]", "{\"\":null}"];

    public void Mutate(Node root, Draw draw)
    {
        for (int i = draw.Few(6); i > 0; i--)
            Once(root, draw);
    }

    private void Once(Node root, Draw draw)
    {
        List<(Node Parent, int Index)> places = [];
        Collect(root, places);
        if (places.Count == 0)
        {
            root.Items.Add((root.IsObject ? Key(draw) : null, Value(draw)));
            return;
        }

        (Node parent, int index) = draw.Of<(Node, int)>(places);
        (byte[]? key, Node value) = parent.Items[index];
        switch (draw.Below(16))
        {
            case 0:
                parent.Items.RemoveAt(index);
                break;
            case 1:
                parent.Items.Insert(index, (key, value.Copy()));
                break;
            case 2:
                int other = draw.Below(parent.Items.Count);
                Node swapped = parent.Items[other].Value;
                parent.Items[other] = (parent.Items[other].Key, value);
                parent.Items[index] = (key, swapped);
                break;
            case 3:
                parent.Items[index] = (key, Node.Scalar(draw.Of<string>(Values)));
                break;
            case 4:
                parent.Items[index] = (key, Node.Scalar(draw.Of<string>(Numbers)));
                break;
            case 5:
                parent.Items[index] = (key, HostileText(draw));
                break;
            case 6:
                parent.Items[index] = (key, Nested(draw, value));
                break;
            case 7:
                Repeat(value, draw);
                break;
            case 8:
                if (key is not null)
                    parent.Items[index] = (Key(draw), value);
                break;
            case 9 or 10 or 11:
                if (key is not null && corpus.Donor(Encoding.UTF8.GetString(key), draw) is { } donor)
                    parent.Items[index] = (key, donor);
                break;
            case 12:
                parent.Items.Add((parent.IsObject ? Key(draw) : null, Value(draw)));
                break;
            case 13:
                if (corpus.Member(draw) is var (name, donated) && parent.IsObject)
                    parent.Items.Add((Encoding.UTF8.GetBytes(name), donated));
                break;
            default:
                parent.Items[index] = (key, Tweaked(value, draw));
                break;
        }
    }

    private static void Collect(Node node, List<(Node Parent, int Index)> places)
    {
        for (int i = 0; i < node.Items.Count; i++)
        {
            places.Add((node, i));
            Collect(node.Items[i].Value, places);
        }
    }

    private byte[] Key(Draw draw) => draw.Chance(70)
        ? Encoding.UTF8.GetBytes(corpus.Key(draw))
        : HostileText(draw).Token![1..^1];

    private Node Value(Draw draw) => draw.Below(4) switch
    {
        0 => Node.Scalar(draw.Of<string>(Numbers)),
        1 => HostileText(draw),
        2 => Node.Scalar(draw.Of<string>(Values)),
        _ => corpus.Word(draw),
    };

    private Node HostileText(Draw draw) => draw.Below(12) switch
    {
        0 => Node.Raw(new string('A', draw.Of<int>([100, 255, 256, 257, 4095, 4096, 4097, 70_000])) is var text ? Encoding.UTF8.GetBytes(text) : []),
        1 => Node.Raw(draw.Bytes(draw.Below(20))),
        2 => Node.Raw(Encoding.UTF8.GetBytes(new StringBuilder().Insert(0, draw.Of<string>(["\\u0001", "../", "/a", "\\n", "é", "\\ud800", ","]), 1 + draw.Below(3000)).ToString())),
        3 or 4 => corpus.Word(draw),
        _ => Node.Raw(Encoding.UTF8.GetBytes(draw.Of<string>(Texts))),
    };

    // As one token, so that no walk over the tree is that deep.
    private static Node Nested(Draw draw, Node value)
    {
        int depth = draw.Of<int>([1, 2, 10, 63, 64, 65, 127, 128, 129, 1000, 20_000]);
        bool isArray = draw.Chance(50);
        string open = isArray ? "[" : "{\"a\":";
        string text = depth > 2000 ? "1" : Encoding.Latin1.GetString(value.Write());
        return new Node
        {
            Token = Encoding.Latin1.GetBytes(new StringBuilder().Insert(0, open, depth).Append(text).Append(isArray ? ']' : '}', depth).ToString()),
        };
    }

    private static void Repeat(Node node, Draw draw)
    {
        if (!node.IsContainer || node.Items.Count == 0)
            return;
        (byte[]? key, Node value) = draw.Of<(byte[]?, Node)>(node.Items);
        int size = value.IsContainer ? 200 : 5000;
        int count = draw.Of<int>([2, 5, 17, 33, 65, 300, size]);
        for (int i = 0; i < count; i++)
            node.Items.Add((key is null || draw.Chance(50) ? key : [.. key, .. Encoding.UTF8.GetBytes($"{i}")], value.Copy()));
    }

    private static Node Tweaked(Node node, Draw draw)
    {
        if (node.Token is not { } token)
            return node.Copy();
        if (node.IsText)
            return Node.Raw(ByteMutator.Mutate(token[1..^1], draw));
        return Int128.TryParse(token, null, out Int128 number)
            ? Node.Scalar((number + draw.Of<int>([-1, 1, -1000, 7])).ToString())
            : Node.Scalar(draw.Of<string>(Values));
    }
}
