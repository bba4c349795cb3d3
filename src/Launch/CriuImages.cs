using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>The directories that CRIU reads and writes, as descriptors of this process, through which it opens them.</summary>
internal sealed class CriuImages : IDisposable
{
    private const uint OwnerOnly = 0x1c0; // 0700
    private const int LargestDescriptors = 64 * 1024;
    private const int DescriptorCount = 3;

    private readonly CriuFlags _flags;
    private readonly string _log;

    private CriuImages(CriuFlags flags, string log, bool make)
    {
        _flags = flags;
        _log = log;
        Images = Open(flags.ImagePath, "--image-path", make);
        Work = flags.WorkPath is { } path ? Open(path, "--work-path", make: true) : null;
    }

    public Fd Images { get; }

    /// <summary>Null when that is <see cref="Images"/>.</summary>
    public Fd? Work { get; }

    /// <summary>Name of CRIU's log in the directory of logs.</summary>
    public string LogName => _log;

    /// <summary>Path of the log.</summary>
    public string LogPath => $"{_flags.WorkPath ?? _flags.ImagePath}/{_log}";

    private static ReadOnlySpan<byte> DescriptorsName => "descriptors.json"u8;

    /// <summary>For a dump: the directories are made, for their owner alone, when they are not there.</summary>
    /// <exception cref="FaultException">One cannot be made, or the older images are not there.</exception>
    public static CriuImages ForDump(CriuFlags flags)
    {
        CriuImages images = new(flags, "dump.log", make: true);
        try
        {
            images.CheckParent();
            return images;
        }
        catch
        {
            images.Dispose();
            throw;
        }
    }

    /// <summary>For a restore: the images have to be there.</summary>
    public static CriuImages ForRestore(CriuFlags flags) => new(flags, "restore.log", make: false);

    /// <summary>Writes where standard input, output and error of a process lead, as runc does (features.md CPB02).</summary>
    /// <exception cref="FaultException">The disk is full.</exception>
    public void SaveDescriptors(int pid)
    {
        JsonText json = new();
        json.Array();
        Span<byte> target = stackalloc byte[4096];
        for (int fd = 0; fd < DescriptorCount; fd++)
        {
            int length = Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/fd/{fd}"), target);
            json.Value(target[..Math.Max(length, 0)]);
        }

        byte[] text = json.EndArray().ToArray();
        Sys.unlinkat(Images.Number, DescriptorsName, 0);
        int file = Sys.openat(Images.Number, DescriptorsName, Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_NOFOLLOW, 0x180 /* 0600 */);
        int result = file < 0 ? file : Sys.WriteAll(file, text);
        if (file >= 0)
            Sys.close(file);
        if (result < 0)
            throw Failed("--image-path", _flags.ImagePath, "cannot write descriptors.json", file < 0 ? "openat" : "write", result);
    }

    /// <summary>What <see cref="SaveDescriptors"/> wrote.</summary>
    /// <exception cref="FaultException">It is not there, or damaged.</exception>
    public List<string> LoadDescriptors()
    {
        byte[]? text = Sys.ReadFile(Images.Number, DescriptorsName, LargestDescriptors, out int errno);
        if (text is null)
        {
            throw new FaultException(new Fault("descriptors.json cannot be read")
            {
                Field = "--image-path",
                Value = _flags.ImagePath,
                Syscall = "openat",
                Errno = errno,
                Hint = "name the directory that a checkpoint was written to",
            });
        }

        List<string> targets = [];
        try
        {
            Utf8JsonReader reader = new(text);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String)
                    targets.Add(reader.GetString() ?? "");
                else if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray))
                    throw new JsonException();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is for half of a surrogate pair, and for bytes that are no UTF-8.
            throw new FaultException(new Fault("descriptors.json is no array of texts") { Field = "--image-path", Value = _flags.ImagePath });
        }

        return targets;
    }

    /// <summary>Removes the log of an earlier run, so that its errors are not taken for those of this one.</summary>
    public void ForgetLog() => Sys.unlinkat((Work ?? Images).Number, Sys.Bytes(_log), 0);

    /// <summary>Errors in CRIU's log as one line that ends with the log's path: the first, and the last ones, which tell the consequences.</summary>
    /// <returns>Empty without a log.</returns>
    public string Excerpt()
    {
        const int longest = 16 << 20;
        const int most = 4;
        byte[]? log = Sys.ReadFile((Work ?? Images).Number, Sys.Bytes(_log), longest, out _);
        if (log is null)
            return "";
        List<string> errors = [];
        foreach (Range range in log.AsSpan().Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = log.AsSpan()[range];
            int error = line.IndexOf("Error ("u8);
            if (error < 0)
                continue;
            if (errors.Count == most)
                errors.RemoveAt(1);
            errors.Add(Encoding.UTF8.GetString(line[error..]).Trim());
        }

        return $"{string.Join(" | ", errors)}{(errors.Count > 0 ? "; " : "")}see {LogPath}";
    }

    public void Dispose()
    {
        Images.Dispose();
        Work?.Dispose();
    }

    private void CheckParent()
    {
        if (_flags.ParentPath is not { } path)
            return;
        int result = path[0] == '/'
            ? 0
            : Sys.openat(Images.Number, Sys.Bytes(path), Uapi.O_PATH | Uapi.O_DIRECTORY);
        if (result > 0)
        {
            Sys.close(result);
            return;
        }

        throw result == 0
            ? new FaultException(new Fault("--parent-path must be relative") { Value = path, Field = "--parent-path", Hint = "name it as seen from --image-path, e.g. ../parent" })
            : Failed("--parent-path", path, "invalid --parent-path", "openat", result);
    }

    private static Fd Open(string path, string option, bool make)
    {
        const int flags = Uapi.O_RDONLY | Uapi.O_DIRECTORY;
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), flags);
        if (fd == -Errno.ENOENT && make)
        {
            Make(path, option);
            fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), flags);
        }

        return fd >= 0 ? new Fd(fd) : throw Failed(option, path, "cannot open the directory", "openat", fd);
    }

    private static void Make(string path, string option)
    {
        int end = 0;
        while (end < path.Length)
        {
            int slash = path.IndexOf('/', end + 1);
            end = slash < 0 ? path.Length : slash;
            int result = Sys.mkdirat(Uapi.AT_FDCWD, Sys.Bytes(path[..end]), OwnerOnly);
            if (result is not (0 or -Errno.EEXIST))
                throw Failed(option, path, "cannot make the directory", "mkdirat", result);
        }
    }

    private static FaultException Failed(string option, string path, string message, string syscall, int result) =>
        new(new Fault(message) { Field = option, Value = path, Syscall = syscall, Errno = -result });
}
