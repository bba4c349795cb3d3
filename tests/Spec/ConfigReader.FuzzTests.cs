using System;
using System.Collections.Generic;
using FluentAssertions;
using FsCheck;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;
using Random = System.Random;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderFuzzTests
{
    private static readonly byte[][] Fragments =
    [
        [0], [0xFF], [0xC3], [.. "\\u0000"u8], [.. "\\ud800"u8], [.. "\\"u8], [.. "\""u8], [.. "{"u8], [.. "}"u8], [.. "["u8],
        [.. "]"u8], [.. ","u8], [.. ":"u8], [.. "null"u8], [.. "-1"u8], [.. "1e999"u8], [.. "99999999999999999999999999"u8],
        [.. "//"u8], [.. "\n"u8], [.. "true"u8], [0xEF, 0xBB, 0xBF],
    ];

    [Fact]
    public void Changed_bytes_never_leak_another_exception() => Prop.ForAll<int>(seed =>
    {
        Random random = new(seed);
        List<byte> json = [.. MaximalConfig.Bytes];
        for (int change = random.Next(1, 6); change > 0; change--)
            Mutate(json, random);
        ReadsOrFaults([.. json]);
    }).Check(Runs(3000, largest: 1_000_000));

    [Fact]
    public void Random_bytes_never_leak_another_exception() =>
        Prop.ForAll<byte[]>(json => ReadsOrFaults(json ?? [])).Check(Runs(1000, largest: 200));

    // FsCheck draws numbers below a size that grows up to the largest, so small ones repeat few seeds.
    private static Configuration Runs(int count, int largest)
    {
        Configuration runs = Configuration.QuickThrowOnFailure;
        runs.MaxNbOfTest = count;
        runs.EndSize = largest;
        return runs;
    }

    private static void Mutate(List<byte> json, Random random)
    {
        int at = random.Next(json.Count);
        int length = random.Next(1, Math.Min(40, json.Count - at) + 1);
        switch (random.Next(5))
        {
            case 0:
                json[at] = (byte)random.Next(256);
                break;
            case 1:
                json.RemoveRange(at, length);
                break;
            case 2:
                json.InsertRange(random.Next(json.Count), json.GetRange(at, length));
                break;
            case 3:
                json.InsertRange(at, Fragments[random.Next(Fragments.Length)]);
                break;
            default:
                json.RemoveRange(at, length);
                json.InsertRange(at, Fragments[random.Next(Fragments.Length)]);
                break;
        }
    }

    // All three documents, as each starts with other fields.
    private static void ReadsOrFaults(byte[] json)
    {
        foreach (Action read in new Action[]
        {
            () => ConfigReader.Read(json, "config.json"),
            () => ConfigReader.ReadProcess(json, "process.json"),
            () => ConfigReader.ReadResources(json, "resources.json"),
        })
        {
            try
            {
                read();
            }
            catch (FaultException e)
            {
                e.Fault.Text().Should().NotBeNullOrEmpty().And.NotContain("\n");
            }
        }
    }
}
