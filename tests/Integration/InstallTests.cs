using System;
using System.Diagnostics;
using System.IO;
using System.IO.Compression;
using System.Linq;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>scripts/install, which is <c>make install</c> without the build.</summary>
public sealed class InstallTests : IDisposable
{
    private readonly string work = Directory.CreateTempSubdirectory("ocirun-install-").FullName;

    public void Dispose() => Directory.Delete(work, recursive: true);

    [PublishedBinaryFact]
    public void Everything_lands_below_the_prefix_and_goes_again()
    {
        Install(work, "/opt/x");

        string prefix = Path.Combine(work, "opt", "x");
        Directory.GetFileSystemEntries(work).Should().Equal(Path.Combine(work, "opt"));
        File.GetUnixFileMode(Path.Combine(prefix, "bin/ocirun")).Should().Be((UnixFileMode)0b111_101_101);
        File.ReadAllBytes(Path.Combine(prefix, "bin/ocirun")).Should().Equal(File.ReadAllBytes(Published.Binary));
        string[] pages = Directory.GetFiles(Path.Combine(Runtime.RepositoryRoot(), "docs", "man")).Select(file => Path.GetFileName(file) + ".gz").ToArray();
        Directory.GetFiles(Path.Combine(prefix, "share/man/man8")).Select(Path.GetFileName).Should().BeEquivalentTo(pages);
        using (GZipStream page = new(File.OpenRead(Path.Combine(prefix, "share/man/man8/ocirun-run.8.gz")), CompressionMode.Decompress))
        using (StreamReader reader = new(page))
            reader.ReadToEnd().Should().Contain(".TH OCIRUN\\-RUN 8");
        foreach (string file in new[]
        {
            "share/bash-completion/completions/ocirun", "share/zsh/site-functions/_ocirun", "share/fish/vendor_completions.d/ocirun.fish",
            "share/licenses/ocirun/LICENSE", "share/doc/ocirun/README.md", "share/doc/ocirun/CHANGELOG.md", "share/doc/ocirun/install.md",
        })
        {
            File.GetUnixFileMode(Path.Combine(prefix, file)).Should().Be((UnixFileMode)0b110_100_100, file);
        }

        Install(work, "/opt/x");
        Install("--remove", work, "/opt/x");

        Directory.GetFiles(work, "*", SearchOption.AllDirectories).Should().BeEmpty();
        Directory.GetDirectories(work, "ocirun*", SearchOption.AllDirectories).Should().BeEmpty();
        Directory.Exists(Path.Combine(prefix, "share/man/man8")).Should().BeTrue("it may be another's");
    }

    // gzip would write its time, and a package would differ from one minute to the next.
    [PublishedBinaryFact]
    public void Compressed_pages_have_no_time()
    {
        Install(work, "/usr");
        byte[] page = File.ReadAllBytes(Path.Combine(work, "usr/share/man/man8/ocirun.8.gz"));
        page[3].Should().Be(0, "no name and no comment");
        page[4..8].Should().OnlyContain(each => each == 0);
    }

    private static void Install(params string[] arguments)
    {
        using Process process = Process.Start(Path.Combine(Runtime.RepositoryRoot(), "scripts", "install"), arguments);
        process.WaitForExit();
        process.ExitCode.Should().Be(0);
    }
}
