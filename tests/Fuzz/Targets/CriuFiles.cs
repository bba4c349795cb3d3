using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using OciRun.Launch;

namespace OciRun.Fuzz.Targets;

/// <summary>What CRIU answers, and the file beside its images.</summary>
internal static class CriuFiles
{
    private static readonly byte[][] Answers =
    [
        [0x08, 1, 0x10, 1, 0x38, 2, 0x4a, 3, (byte)'b', (byte)'a', (byte)'d'],
        [0x08, 4, 0x10, 1, 0x2a, 14, 0x0a, 10, .. "post-setup"u8, 0x10, 7],
        [0x08, 7, 0x10, 1, 0x52, 6, 0x08, 3, 0x10, 19, 0x20, 1], [0x08, 6, 0x10, 1, 0x42, 4, 0x08, 1, 0x10, 1], [0x22, 3, 0x08, 0x80, 1], [],
    ];

    private static readonly byte[][] Descriptors = [Encoding.UTF8.GetBytes("[\"/dev/null\",\"pipe:[123]\",\"\\u00e9\"]"), Encoding.UTF8.GetBytes("[]"), Encoding.UTF8.GetBytes("[\"\\ud800\"]")];

    public static IEnumerable<Target> All(Scratch scratch)
    {
        string images = scratch.Make("images");
        yield return Doors.Bytes("criu", Answers, Answer);
        yield return Doors.Bytes("criu-descriptors", Descriptors, input => Load(images, input)) with { RunsTwice = false };
    }

    private static string Answer(byte[] input)
    {
        CriuResponse response = CriuResponse.Parse(input);
        return string.Create(CultureInfo.InvariantCulture, $"{response.Type} {response.Success} {response.Pid} {response.Errno} {response.Script} {response.Message} {response.Version}");
    }

    private static string Load(string images, byte[] input)
    {
        File.WriteAllBytes(Path.Combine(images, "descriptors.json"), input);
        File.WriteAllBytes(Path.Combine(images, "restore.log"), input);
        using CriuImages opened = CriuImages.ForRestore(new CriuFlags { ImagePath = images });
        opened.Excerpt();
        return string.Join('\n', opened.LoadDescriptors());
    }
}
