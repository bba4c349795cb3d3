using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using Google.Protobuf;

namespace OciRun.Tests.Integration;

/// <summary>The program of criu.c in a directory of its own, to be put first in PATH; it does what its script says and keeps what it was asked.</summary>
internal sealed class CriuStandIn
{
    private static readonly Lazy<byte[]> Program = new(Compile);

    public CriuStandIn(string work)
    {
        Directory = Path.Combine(work, "criu");
        System.IO.Directory.CreateDirectory(Directory);
        string program = Path.Combine(Directory, "criu");
        File.WriteAllBytes(program, Program.Value);
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
    }

    public string Directory { get; }

    public string SearchPath => $"{Directory}:/usr/sbin:/usr/bin:/sbin:/bin";

    public void Script(params string[] lines) => File.WriteAllLines(Path.Combine(Directory, "script"), lines);

    /// <summary>Lets the restored process end.</summary>
    public void End(int status) => File.WriteAllText(Path.Combine(Directory, "end"), $"{status}\n");

    public string Read(string name) => File.ReadAllText(Path.Combine(Directory, name));

    /// <summary>All requests so far, in order.</summary>
    public List<CriuMessage> Requests
    {
        get
        {
            List<CriuMessage> requests = [];
            for (int i = 0; File.Exists(Path.Combine(Directory, $"request.{i}")); i++)
                requests.Add(new CriuMessage(File.ReadAllBytes(Path.Combine(Directory, $"request.{i}"))));
            return requests;
        }
    }

    /// <summary>Options of the one dump, pre-dump or restore.</summary>
    public CriuMessage Options => Requests.Single(request => request.Number(1) is 1 or 2 or 4).Message(2);

    private static byte[] Compile()
    {
        string program = Path.Combine(Path.GetTempPath(), $"ocirun-criu-{Environment.ProcessId}");
        string source = Path.Combine(Runtime.RepositoryRoot(), "tests", "Integration", "criu.c");
        using Process cc = Process.Start("cc", new[] { "-D_GNU_SOURCE", "-Os", "-static", "-s", "-o", program, source });
        cc.WaitForExit();
        if (cc.ExitCode != 0)
            throw new InvalidOperationException("cc could not compile criu.c");
        byte[] bytes = File.ReadAllBytes(program);
        File.Delete(program);
        return bytes;
    }
}

/// <summary>A protobuf message without a schema: the values of its fields by number.</summary>
internal sealed class CriuMessage
{
    private readonly List<(int Field, long Number, byte[] Bytes)> fields = [];

    public CriuMessage(byte[] bytes)
    {
        CodedInputStream input = new(bytes);
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            int field = WireFormat.GetTagFieldNumber(tag);
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.Varint)
                fields.Add((field, input.ReadInt64(), []));
            else
                fields.Add((field, 0, input.ReadBytes().ToByteArray()));
        }
    }

    public bool Has(int field) => fields.Any(entry => entry.Field == field);

    public long? Number(int field) => Has(field) ? fields.Single(entry => entry.Field == field).Number : null;

    public bool Flag(int field) => Number(field) == 1;

    public string? Text(int field) => Has(field) ? Encoding.UTF8.GetString(fields.Single(entry => entry.Field == field).Bytes) : null;

    public CriuMessage Message(int field) => new(fields.Single(entry => entry.Field == field).Bytes);

    public string[] Texts(int field) => fields.Where(entry => entry.Field == field).Select(entry => Encoding.UTF8.GetString(entry.Bytes)).ToArray();

    /// <summary>A list of pairs of two texts, or of a text and a number, as <c>key=value</c>.</summary>
    public string[] Pairs(int field) => fields.Where(entry => entry.Field == field).Select(entry => new CriuMessage(entry.Bytes))
        .Select(pair => $"{pair.Text(1)}={(pair.fields.Single(entry => entry.Field == 2).Bytes is { Length: > 0 } ? pair.Text(2) : pair.Number(2))}").ToArray();
}
