using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>SCMP_ACT_NOTIFY: the agent gets the listener and its calls (features.md SC07, SC16, 4.2).</summary>
[Trait("Category", "Conformance")]
public sealed class SeccompListenerTests : RuntimeTest
{
    private const int Mkdir = 83;
    private const int Mkdirat = 258;

    private static readonly Dictionary<int, int> Refuse = new() { [Mkdir] = Errno.EXDEV, [Mkdirat] = Errno.EXDEV };

    [RuntimeTheory]
    [InlineData("run", true)]
    [InlineData("run", false)]
    [InlineData("create", true)]
    [InlineData("create", false)]
    public void The_agent_answers_for_the_kernel(string verb, bool noNewPrivileges)
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(agent.Path, "mkdir", "mkdirat");
        Bundle.Process["noNewPrivileges"] = noNewPrivileges;
        Bundle.Shell("mkdir /tmp/x 2>&1; echo after");
        Output(verb).Should().Be("mkdir: can't create directory '/tmp/x': Invalid cross-device link\nafter\n");
        agent.Descriptors.Should().Be(1);
        agent.Calls.Should().NotBeEmpty();
        Directory.Exists(Bundle.InRootfs("/tmp/x")).Should().BeFalse();
    }

    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("create")]
    public void The_agent_is_told_whose_listener_it_is(string verb)
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(agent.Path, "mkdir", "mkdirat");
        Bundle.Linux["seccomp"]!["listenerMetadata"] = "the \"metadata\"";
        Bundle.Config["annotations"] = new JsonObject { ["a.b"] = "c" };
        Bundle.Shell("sleep 1000");
        Call(verb, verb == "run" ? ["--detach"] : []).Run().Should().Be(Silent);

        int pid = Pid();
        string version = Runtime.Name == "crun" ? "0.2.0" : (string)State()["ociVersion"]!;
        JsonObject document = agent.Document;
        ((string)document["ociVersion"]!).Should().Be(version);
        document["fds"]!.ToJsonString().Should().Be("[\"seccompFd\"]");
        ((int)document["pid"]!).Should().Be(pid);
        ((string)document["metadata"]!).Should().Be("the \"metadata\"");
        JsonObject state = (JsonObject)document["state"]!;
        ((string)state["ociVersion"]!).Should().NotBeEmpty();
        ((string)state["id"]!).Should().Be(Id);
        ((string)state["status"]!).Should().Be("creating");
        ((int)state["pid"]!).Should().Be(pid);
        ((string)state["bundle"]!).Should().Be(Bundle.Path);
        state["annotations"]!.ToJsonString().Should().Be("{\"a.b\":\"c\"}");
    }

    [RuntimeFact]
    public void Without_metadata_there_is_no_member()
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(agent.Path, "mkdir", "mkdirat");
        Run().Exit.Should().Be(0);
        agent.Document.ContainsKey("metadata").Should().BeFalse();
        ((JsonObject)agent.Document["state"]!).ContainsKey("annotations").Should().BeFalse();
    }

    [RuntimeFact]
    public void A_path_longer_than_an_address_is_reached()
    {
        string directory = Path.Combine(Work, new string('d', 120));
        using SeccompAgent agent = new(Path.Combine(directory, "agent.sock"), Refuse);
        Notify(agent.Path, "mkdir", "mkdirat");
        Bundle.Shell("mkdir /tmp/x 2>/dev/null || echo refused");
        Output("run").Should().Be("refused\n");
    }

    // The runtime itself makes these between the load and execve.
    [RuntimeTheory]
    [InlineData("run", true)]
    [InlineData("run", false)]
    [InlineData("create", true)]
    [InlineData("create", false)]
    public void The_runtimes_own_calls_may_be_notified(string verb, bool noNewPrivileges)
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(
            agent.Path, "read", "close", "close_range", "sendmsg", "sendto", "recvmsg", "execve", "ppoll", "poll", "accept4",
            "capset", "prctl", "rt_sigprocmask", "prlimit64", "signalfd4", "openat", "mkdir", "mkdirat");
        Bundle.Process["noNewPrivileges"] = noNewPrivileges;
        Bundle.Shell("mkdir /tmp/x 2>/dev/null || echo refused");
        Output(verb).Should().Be("refused\n");
        agent.Calls.Should().Contain(59, "execve");
    }

    // A list of what is allowed that the runtime's way to execve is not in, but for what every program needs.
    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("create")]
    public void A_filter_that_allows_little_still_lets_the_program_start(string verb)
    {
        if (!Runtime.IsOcirun)
            return;
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(agent.Path, "mkdir", "mkdirat");
        JsonObject seccomp = (JsonObject)Bundle.Linux["seccomp"]!;
        seccomp["defaultAction"] = "SCMP_ACT_ERRNO";
        ((JsonArray)seccomp["syscalls"]!).Add(JsonNode.Parse("""
            {"action": "SCMP_ACT_ALLOW", "names": ["read", "write", "ppoll", "execve", "rt_sigprocmask", "exit", "exit_group",
             "brk", "mmap", "mprotect", "munmap", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "uname", "readlink",
             "getrandom", "prlimit64", "ioctl", "fstat", "newfstatat", "lseek", "rt_sigaction", "getpid", "getppid", "getuid",
             "stat", "lstat", "fork", "vfork", "clone", "clone3", "wait4", "rt_sigreturn", "getcwd", "geteuid", "getegid", "getgid"]}
            """));
        Bundle.Process["noNewPrivileges"] = true;
        Bundle.Process["capabilities"] = new JsonObject();
        Bundle.Args("/bin/mkdir", "/tmp/x");
        Call(verb).Run();
        if (verb == "create")
            Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => agent.Calls.Contains(Mkdir), "the program ran");
    }

    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("create")]
    public void A_missing_socket_is_an_error(string verb)
    {
        Notify(Path.Combine(Work, "nobody"), "mkdir");
        Outcome outcome = Call(verb).Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("nobody");
        IsGone();
    }

    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("create")]
    public void A_socket_that_nobody_listens_on_is_an_error(string verb)
    {
        string path = Path.Combine(Work, "deaf");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        Notify(path, "mkdir");
        Outcome outcome = Call(verb).Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("deaf");
        IsGone();
    }

    [RuntimeFact]
    public void An_agent_that_leaves_at_once_cannot_hold_the_container()
    {
        string path = Path.Combine(Work, "short");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        System.Threading.Tasks.Task leave = System.Threading.Tasks.Task.Run(() => socket.Accept().Dispose());
        Notify(path, "mkdir", "mkdirat");
        Bundle.Shell("mkdir /tmp/x 2>&1");
        Outcome outcome = Run();
        leave.Wait();
        outcome.Exit.Should().NotBe(0);
        (outcome.Out + outcome.Err).Should().ContainAny("Function not implemented", "short");
    }

    [RuntimeFact]
    public void An_agent_that_never_accepts_is_waited_for_a_limited_time()
    {
        if (!Runtime.IsOcirun)
            return;
        string path = Path.Combine(Work, "busy");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(0);
        using Socket first = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        first.Connect(new UnixDomainSocketEndPoint(path));
        Notify(path, "mkdir");
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("linux.seccomp.listenerPath").And.Contain("connect: EAGAIN");
        IsGone();
    }

    [RuntimeTheory]
    [InlineData("create")]
    public void A_created_container_is_deleted_while_the_agent_does_not_answer(string verb)
    {
        string path = Path.Combine(Work, "silent");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(1);
        Notify(path, "execve", "mkdir");
        Call(verb).Run().Should().Be(Silent);
        using Socket connection = Connected(socket);
        Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
        IsGone();
    }

    [RuntimeFact]
    public void Unprivileged_callers_have_listeners_too()
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Bundle.ForRootless();
        Notify(agent.Path, "mkdir", "mkdirat");
        Bundle.Shell("mkdir /tmp/x 2>/dev/null || echo refused");
        Bundle.Save();
        Use(View.Rootless);
        Output("run").Should().Be("refused\n");
    }

    [RuntimeTheory]
    [InlineData("ENOSYS")]
    [InlineData("EPERM")]
    public void A_listener_that_cannot_be_taken_is_sent_by_the_process(string errno)
    {
        if (!Runtime.IsOcirun)
            return;
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(agent.Path, "mkdir", "mkdirat");
        Bundle.Shell("mkdir /tmp/x 2>/dev/null || echo refused");
        Call("run").Under(Nosys.Install(Work), errno, "pidfd_getfd").Run().Should().Be(new Outcome(0, "refused\n", ""));
    }

    [RuntimeFact]
    public void A_listener_that_cannot_be_taken_nor_sent_is_an_error()
    {
        if (!Runtime.IsOcirun)
            return;
        Notify(Path.Combine(Work, "agent.sock"), "sendmsg");
        Outcome outcome = Call("run").Under(Nosys.Install(Work), "ENOSYS", "pidfd_getfd").Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("linux.seccomp").And.Contain("pidfd_getfd: ENOSYS").And.Contain("sendmsg");
        IsGone();
    }

    [RuntimeTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Crun_extensions_name_the_receiver(bool annotation)
    {
        if (Runtime.Name == "runc")
            return;
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(null, "mkdir", "mkdirat");
        Bundle.Shell("mkdir /tmp/x 2>/dev/null || echo refused");
        if (annotation)
            Bundle.Config["annotations"] = new JsonObject { ["run.oci.seccomp.receiver"] = agent.Path };
        Runtime.Call call = Call("run");
        if (!annotation)
            call = call.Env("RUN_OCI_SECCOMP_RECEIVER", agent.Path);
        call.Run().Out.Should().Be("refused\n");
    }

    [RuntimeFact]
    public void The_configs_own_path_goes_before_the_annotation()
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), Refuse);
        Notify(agent.Path, "mkdir", "mkdirat");
        Bundle.Config["annotations"] = new JsonObject { ["run.oci.seccomp.receiver"] = "/nonexistent" };
        Run().Exit.Should().Be(0);
        agent.HasListener.Should().BeTrue();
    }

    private void Notify(string? path, params string[] names)
    {
        JsonObject seccomp = new()
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["architectures"] = new JsonArray("SCMP_ARCH_X86_64"),
            ["syscalls"] = new JsonArray(new JsonObject
            {
                ["names"] = new JsonArray(names.Select(name => (JsonNode)name).ToArray()),
                ["action"] = "SCMP_ACT_NOTIFY",
            }),
        };
        if (path is not null)
            seccomp["listenerPath"] = path;
        Bundle.Linux["seccomp"] = seccomp;
    }

    private string Output(string verb)
    {
        Runtime.Call call = Call(verb);
        Outcome outcome = call.Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Err.Should().BeEmpty();
        if (verb == "run")
            return outcome.Out;
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => Status() == "stopped", "the program ends");
        return call.Out;
    }

    private void IsGone() => Runtime.Run("state", Id).Exit.Should().NotBe(0);
}
