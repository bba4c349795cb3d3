using System;
using System.Text;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Tests.Spec;

/// <summary>Short forms of reading a sample.</summary>
internal static class Reading
{
    public static Config Config(string json) => ConfigReader.Read(Encoding.UTF8.GetBytes(json), "config.json");

    /// <summary>Reads a config.json that has just a version and the given members.</summary>
    public static Config Members(string members) => Config($$"""{"ociVersion": "1.3.0", {{members}}}""");

    /// <summary>What a user sees when the config.json is refused; null when it is accepted.</summary>
    public static string? Refusal(string json) => Refusal(Encoding.UTF8.GetBytes(json));

    public static string? Refusal(byte[] json)
    {
        try
        {
            ConfigReader.Read(json, "config.json");
            return null;
        }
        catch (FaultException e)
        {
            return e.Fault.Text();
        }
    }

    public static string? MemberRefusal(string members) => Refusal($$"""{"ociVersion": "1.3.0", {{members}}}""");

    public static Utf8[] Texts(params string[] texts) => Array.ConvertAll(texts, text => new Utf8(text));
}
