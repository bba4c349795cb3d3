using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Errors;

/// <summary>Tests that change what belongs to the whole process, such as the log, do not run beside others.</summary>
[CollectionDefinition("Process", DisableParallelization = true)]
public sealed class ProcessCollection;

[Collection("Process")]
public sealed class LogTests : IDisposable
{
    private const string Time = "2026-01-31T10:20:30.000000000Z";

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"ocirun-log-{Guid.NewGuid():N}");

    public void Dispose()
    {
        Log.Close();
        Log.Open(null, null, null, debug: false);
        File.Delete(_file);
    }

    [Fact]
    public void Text_records_quote_the_message() =>
        Record(json: false, "a \"b\" \\ c\nd\u001b", null)
            .Should().Be($"time=\"{Time}\" level=error msg=\"a \\\"b\\\" \\\\ c\\nd\\x1b\"\n");

    [Fact]
    public void Json_records_are_one_object_a_line_with_the_keys_that_callers_read()
    {
        string record = Record(json: true, "a \"b\" \\ c\nd\u001b\u0085 ü", "some-code");
        record.Should().EndWith("}\n").And.Subject.Trim().Should().NotContain("\n");
        using JsonDocument document = JsonDocument.Parse(record);
        document.RootElement.GetProperty("level").GetString().Should().Be("error");
        document.RootElement.GetProperty("msg").GetString().Should().Be("a \"b\" \\ c\nd\u001b\u0085 ü");
        document.RootElement.GetProperty("code").GetString().Should().Be("some-code");
        document.RootElement.GetProperty("time").GetDateTimeOffset().Year.Should().Be(2026);
    }

    [Fact]
    public void Json_records_survive_every_character()
    {
        StringBuilder all = new();
        for (char c = '\0'; c < '\u0400'; c++)
            all.Append(c);
        using JsonDocument document = JsonDocument.Parse(Record(json: true, all.ToString(), null));
        document.RootElement.GetProperty("msg").GetString().Should().Be(all.ToString());
    }

    [Theory]
    [InlineData(2026, 3, 4, 5, 6, 7, 1_234_567, "2026-03-04T05:06:07.123456700Z")]
    [InlineData(1999, 12, 31, 23, 59, 59, 0, "1999-12-31T23:59:59.000000000Z")]
    [InlineData(1970, 1, 1, 0, 0, 0, 0, "1970-01-01T00:00:00.000000000Z")]
    [InlineData(2000, 2, 29, 0, 0, 0, 9_999_999, "2000-02-29T00:00:00.999999900Z")]
    [InlineData(2100, 3, 1, 12, 0, 0, 0, "2100-03-01T12:00:00.000000000Z")]
    [InlineData(9999, 12, 31, 23, 59, 59, 0, "9999-12-31T23:59:59.000000000Z")]
    public void Timestamps_are_rfc_3339(int y, int mo, int d, int h, int mi, int s, int ticks, string expected) =>
        Log.Timestamp(new DateTimeOffset(y, mo, d, h, mi, s, TimeSpan.Zero).ToUnixTimeSeconds(), ticks * 100).Should().Be(expected);

    [Theory]
    [InlineData("")]
    [InlineData("file:")]
    public void A_file_is_appended_to_and_made_with_mode_0644(string scheme)
    {
        File.WriteAllText(_file + ".old", "");
        File.Delete(_file + ".old");
        Log.Open(scheme + _file, "json", "warning", debug: false);
        Log.Warning("first");
        Log.Open(scheme + _file, "text", "warning", debug: false);
        Log.Warning("second");
        File.ReadAllLines(_file).Should().HaveCount(2).And.SatisfyRespectively(
            line => line.Should().StartWith("{\"level\":\"warning\",\"msg\":\"first\",\"time\":\""),
            line => line.Should().MatchRegex("^time=\"[0-9TZ:.-]+\" level=warning msg=\"second\"$"));
        File.GetUnixFileMode(_file).Should().Be((UnixFileMode)Convert.ToInt32("644", 8));
    }

    [Theory]
    [InlineData(null, false, false)]
    [InlineData("warning", true, false)]
    [InlineData("error", false, false)]
    [InlineData("debug", true, true)]
    public void Levels_choose_the_records(string? level, bool warning, bool debug)
    {
        Log.Open(_file, null, level, debug: false);
        Log.Warning("w");
        Log.Debug("d");
        string text = File.ReadAllText(_file);
        text.Contains("level=warning", StringComparison.Ordinal).Should().Be(warning);
        text.Contains("level=debug", StringComparison.Ordinal).Should().Be(debug);
    }

    [Theory]
    [InlineData("x", null, "invalid log-format")]
    [InlineData(null, "x", "invalid log-level")]
    public void Unknown_words_are_named(string? format, string? level, string message) =>
        FluentActions.Invoking(() => Log.Open(null, format, level, debug: false))
            .Should().Throw<FaultException>().Which.Fault.Text().Should().Contain(message).And.Contain("\"x\"");

    [Fact]
    public void An_entry_of_the_journal_has_every_text_with_its_length()
    {
        byte[] entry = Log.JournalEntry(3, "box", "two\nMESSAGE=lines", new Fault("no") { Field = "root", Errno = 2, Syscall = "openat", Hint = "h", Code = "c", Value = "v" });
        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        for (int at = 0; at < entry.Length;)
        {
            int end = Array.IndexOf(entry, (byte)'\n', at);
            string name = Encoding.ASCII.GetString(entry, at, end - at);
            int length = (int)BitConverter.ToUInt64(entry, end + 1);
            fields.Add(name, Encoding.UTF8.GetString(entry, end + 9, length));
            at = end + 9 + length;
            entry[at++].Should().Be((byte)'\n');
        }

        fields.Should().Equal(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["MESSAGE"] = "two\nMESSAGE=lines",
            ["PRIORITY"] = "3",
            ["SYSLOG_IDENTIFIER"] = "box",
            ["OCI_RUNTIME"] = "ocirun",
            ["OCI_FIELD"] = "root",
            ["OCI_VALUE"] = "v",
            ["OCI_CODE"] = "c",
            ["OCI_SYSCALL"] = "openat",
            ["OCI_HINT"] = "h",
            ["ERRNO"] = "2",
        });
    }

    [Theory]
    [InlineData(3, "2026-01-05T10:20:30Z", "<27>Jan  5 10:20:30 box[12]: a\\nb\\x1b")]
    [InlineData(7, "2026-12-31T23:59:59Z", "<31>Dec 31 23:59:59 box[12]: a\\nb\\x1b")]
    public void A_packet_of_syslog_is_one_line(int priority, string time, string expected) =>
        Encoding.UTF8.GetString(Log.SyslogPacket(priority, "box", 12, "a\nb\u001b", DateTimeOffset.Parse(time, null).ToUnixTimeSeconds()))
            .Should().Be(expected);

    [Fact]
    public void A_message_of_any_length_fits_in_a_datagram()
    {
        string text = new('x', 1 << 20);
        Log.JournalEntry(3, "box", text, null).Length.Should().BeLessThan(100_000);
        Log.SyslogPacket(3, "box", 1, text, 0).Length.Should().BeLessThan(100_000);
    }

    [Fact]
    public void A_log_that_cannot_be_opened_is_named() =>
        FluentActions.Invoking(() => Log.Open("/nonexistent/log", null, null, debug: false))
            .Should().Throw<FaultException>().Which.Fault.Text()
            .Should().Be("--log \"/nonexistent/log\": cannot open the log: no such file or directory (openat: ENOENT)");

    private static string Record(bool json, string message, string? code) =>
        Encoding.UTF8.GetString(Log.Record(json, "error", message, code, Time));
}
